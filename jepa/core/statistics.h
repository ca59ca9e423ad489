#pragma once

#include <cstdint>
#include <vector>

namespace foresee {

/// A success rate with its uncertainty.
struct SuccessRate {
  double rate = 0, low = 0, high = 1;  // share of successes and its 95 % interval
  int64_t n = 0;                       // episodes
};

/// Wilson's score interval (Wilson 1927, equation 4 of Brown, Cai and DasGupta 2001) at 95 %: unlike the textbook
/// interval it holds for few episodes and near 0 and 1. Without episodes: 0 .. 1.
SuccessRate success_rate(int64_t successes, int64_t n);

/// The q-quantile with linear interpolation between order statistics. @param q  0 .. 1. @pre values are not empty.
double quantile(std::vector<double> values, double q);

}  // namespace foresee
