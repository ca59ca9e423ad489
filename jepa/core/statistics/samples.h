#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "jepa/core/statistics/proportions.h"

namespace foresee {

/// The q-quantile with linear interpolation between order statistics. @param q  0 .. 1. @pre values are not empty.
double quantile(std::vector<double> values, double q);

/// Places of values in ascending order, from 1; equal values share the mean of their places.
std::vector<double> ranks(std::span<const double> values);

/// Spearman's rank correlation, with shared ranks for equal values. NaN where all values of a side are equal.
/// @throws Error for sides of other lengths, or fewer than two values.
double spearman(std::span<const double> a, std::span<const double> b);

/// What a sample says: a number made of the chosen members of it (indices may repeat).
using Statistic = std::function<double(std::span<const int64_t> chosen)>;

/// The bias-corrected and accelerated bootstrap interval at 95 % (Efron 1987, sections 3 and 4). Members have to be
/// independent: of frames, give episodes as members. NaN on both sides where the statistic is the same for every draw.
/// @param n  members, at least 2. @param resamples  draws, at least 100. @param seed  of the draws.
Interval bootstrap_interval(int64_t n, const Statistic& statistic, uint64_t seed, int64_t resamples = 2000);

}  // namespace foresee
