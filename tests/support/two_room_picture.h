#pragma once

#include <vector>

#include "foresee/picture.h"
#include "jepa/core/tensor.h"
#include "planner/env/two_room/two_room.h"

namespace foresee {

/// Two-Room's picture with the agent at (x, y): uint8 [64, 64, 3], rows of red, green and blue.
inline Tensor room_at(double x, double y) {
  planner::TwoRoom room;
  room.set_goal(std::vector<double>{180, 180});
  room.set_state(std::vector<double>{x, y});
  return room.render(64).permute({1, 2, 0}).contiguous();
}

/// @param rows  uint8 [H, W, 3], which must outlive the view.
inline PictureView view_of(const Tensor& rows) { return {rows.const_data_ptr<uint8_t>(), rows.size(0), rows.size(1)}; }

}  // namespace foresee
