#pragma once

#include <cstdint>

namespace foresee {

/// Bounds that hold the true value with a stated probability, here 95 % unless a function says otherwise.
struct Interval {
  double low = 0, high = 1;
};

/// A success rate with its uncertainty.
struct SuccessRate {
  double rate = 0, low = 0, high = 1;  // share of successes and its 95 % interval
  int64_t n = 0;                       // episodes
};

/// Wilson's score interval (Wilson 1927, equation 4 of Brown, Cai and DasGupta 2001) at 95 %: unlike the textbook
/// interval it holds for few episodes and near 0 and 1. Without episodes: 0 .. 1.
SuccessRate success_rate(int64_t successes, int64_t n);

/// The exact interval (Clopper and Pearson 1934) at 95 %: it never covers less than it says, and is wider than
/// Wilson's. Without episodes: 0 .. 1.
Interval exact_interval(int64_t successes, int64_t n);

/// How much larger the first of two rates is.
struct Difference {
  double difference = 0, low = -1, high = 1;  // first - second and its 95 % interval
};

/// Difference of two rates of independent episodes, with the hybrid score interval (Newcombe 1998, "Interval estimation
/// for the difference between independent proportions", method 10).
Difference difference_of(const SuccessRate& first, const SuccessRate& second);

}  // namespace foresee
