#pragma once

#include <cstdint>

namespace foresee::planner {

// Note [Dots]
// stable-worldmodel draws a dot as a Gaussian over the whole picture: alpha = exp(-d2 / (2 radius^2)) in float32,
// divided by its largest value, then out = in (1 - alpha) + colour alpha, cut to whole numbers. Alpha below 2^-25
// changes nothing (1 - alpha rounds to 1), so only a disc is touched; within it every operation is upstream's, in its
// order, and the exponential is rounded correctly, so that the bytes are upstream's too (but for an exponential that
// upstream's vector library rounds the other way). No operation may be fused: results are the same for every vector
// width.

/// A rectangle of a picture in the order of its memory: `slow` lines of `fast` pixels.
struct DotBox {
  int64_t slow_begin = 0, slow_end = 0, fast_begin = 0, fast_end = 0;
};

/// A dot on a square picture of `size` pixels; `slow` and `fast` are (y, x) of a picture kept row by row.
struct Dot {
  int64_t size;
  float slow, fast, radius;
  float color[3];

  /// Every pixel that draw_dot may change lies in it; empty for a dot far outside.
  DotBox box() const;
};

/// Blends the dot into three planes. @param planes  [3, slow, fast] bytes of dot.box(): plane, line and first pixel of
/// the box at planes + c * plane_stride + s * line_stride.
void draw_dot(const Dot& dot, const DotBox& box, uint8_t* planes, int64_t plane_stride, int64_t line_stride);

}  // namespace foresee::planner
