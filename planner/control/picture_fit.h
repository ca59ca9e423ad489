#pragma once

#include <span>

#include "jepa/model/world_model.h"

namespace foresee::planner {

/// A picture of any size as a world model takes it. What the model's own encode cuts and resizes (kCenterSquare) stays
/// as it is. @param picture  uint8 [3, H, W], RGB. @returns the same, or uint8 [3, size, size].
/// @throws Error for another shape or a picture without pixels.
Tensor fit_picture(const Tensor& picture, const PictureSpec& spec);

/// The views of a model's cameras as one picture. @param views  uint8 [3, H, W], one per camera (one where the model
/// names none). @returns as fit_picture. @throws Error for another number of views, naming the cameras.
Tensor fit_views(std::span<const Tensor> views, const PictureSpec& spec);

}  // namespace foresee::planner
