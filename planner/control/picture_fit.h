#pragma once

#include "jepa/model/world_model.h"

namespace foresee::planner {

/// A picture of any size as a world model takes it. What the model's own encode cuts and resizes (kCenterSquare) stays
/// as it is. @param picture  uint8 [3, H, W], RGB. @returns the same, or uint8 [3, size, size].
/// @throws Error for another shape or a picture without pixels.
Tensor fit_picture(const Tensor& picture, const PictureSpec& spec);

}  // namespace foresee::planner
