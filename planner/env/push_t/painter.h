#pragma once

#include <cstdint>
#include <vector>

#include "planner/env/push_t/polygon.h"
#include "planner/env/push_t/push_t.h"
#include "planner/env/push_t/raster.h"

namespace foresee::planner {

/// Pictures of one Push-T. What does not move is drawn once; a picture draws agent, block and contacts over it on
/// a canvas of 512 pixels and shrinks only what they touched, as OpenCV's bilinear resize does (no smoothing, 11-bit
/// fixed point). For one thread.
class PushTPainter {
 public:
  /// @param goal  the goal's polygons where they are drawn; empty: none. @param size  of the pictures, pixels.
  PushTPainter(const PushTConfig& config, const std::vector<Polygon>& goal, int64_t size);

  /// @param out  [3, size, size] bytes, RGB.
  void paint(const PushTPhysics& physics, double agent_radius, uint8_t* out);

 private:
  /// Two pixels of the canvas and their weights, for one pixel of the picture along one axis.
  struct Tap {
    int first, second;
    int first_weight, second_weight;
  };
  void shrink(const PixelBox& touched, uint8_t* out) const;

  Rgb agent_, agent_light_, block_, block_light_;
  Canvas background_, canvas_;
  std::vector<Tap> taps_;         // [size]
  std::vector<uint8_t> picture_;  // [3, size, size] of the background
  int64_t size_;
};

}  // namespace foresee::planner
