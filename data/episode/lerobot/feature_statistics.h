#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee::data {

/// What LeRobot keeps of a feature: "min", "max", "mean", "std" (population), "q01", "q10", "q50", "q90", "q99", each
/// double [...] of one row's shape (scalars [1], pictures [3, 1, 1] of values in [0, 1]), and "count" [1].
using FeatureStatistics = TensorMap;

/// Over the rows of [T, ...].
FeatureStatistics feature_statistics(const Tensor& values);
/// Over the pixels of at most `frames` evenly spread pictures of uint8 [T, H, W, 3].
FeatureStatistics picture_statistics(const Tensor& pictures, int64_t frames);
/// Of all episodes together; quantiles are averaged by count, as LeRobot's aggregate_stats does.
FeatureStatistics merge_statistics(const std::vector<FeatureStatistics>& parts);
/// [episodes, ...] of every statistic.
TensorMap stack_statistics(const std::vector<FeatureStatistics>& parts);
/// Nested lists.
nlohmann::ordered_json statistics_json(const FeatureStatistics& statistics);

}  // namespace foresee::data
