#pragma once

#include <string_view>
#include <utility>

namespace foresee {

/// How actions are normalised before a model sees them (stable-worldmodel's get_scaler); fitted on the training split,
/// stored as an ActionSpec.
enum class ActionScaling {
  kZScore,      // (x - mean) / std
  kPercentile,  // percentiles 1 and 99 to -1 and 1, what lies beyond is cut
  kNone,
};
inline constexpr std::pair<ActionScaling, std::string_view> kActionScalingNames[] = {
    {ActionScaling::kZScore, "zscore"}, {ActionScaling::kPercentile, "percentile"}, {ActionScaling::kNone, "none"}};

}  // namespace foresee
