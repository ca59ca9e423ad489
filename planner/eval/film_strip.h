#pragma once

#include <cstdint>

#include "planner/eval/runner.h"

namespace foresee::planner {

/// Draws one episode as a row of pictures: start, evenly chosen steps, end, and after a gap the goal. The frame is
/// green for a success and red for a failure.
/// @param env  any of its kind. @param pictures  of the way, at most. @param size  of one, pixels.
/// @returns uint8 [3, H, W], RGB.
Tensor film_strip(const Env& env, const Start& start, const Trial& trial, int64_t pictures = 8, int64_t size = 112);

/// What strips are made of. A white one, uint8 [3, H, W], inside a frame of kStripFrame px that is green for a success
/// and red for a failure; places inside count from its frame. Pictures are uint8 [3, h, w], or a colour of one pixel
/// that fills what it is copied to.
inline constexpr int64_t kStripFrame = 4;
Tensor empty_strip(int64_t height, int64_t width, bool success);
void put_into_strip(Tensor& strip, const Tensor& picture, int64_t y, int64_t x);
/// @returns uint8 [3, 1, 1].
Tensor strip_colour(int64_t red, int64_t green, int64_t blue);

/// Which trials to show first: failures before successes, each in their order. @returns indices into `trials`.
std::vector<int64_t> failures_first(const std::vector<Trial>& trials);

}  // namespace foresee::planner
