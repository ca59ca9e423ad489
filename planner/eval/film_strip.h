#pragma once

#include <cstdint>

#include "planner/eval/runner.h"

namespace foresee::planner {

/// Draws one episode as a row of pictures: start, evenly chosen steps, end, and after a gap the goal. The frame is
/// green for a success and red for a failure.
/// @param env  any of its kind. @param pictures  of the way, at most. @param size  of one, pixels.
/// @returns uint8 [3, H, W], RGB.
Tensor film_strip(const Env& env, const Start& start, const Trial& trial, int64_t pictures = 8, int64_t size = 112);

/// Which trials to show first: failures before successes, each in their order. @returns indices into `trials`.
std::vector<int64_t> failures_first(const std::vector<Trial>& trials);

}  // namespace foresee::planner
