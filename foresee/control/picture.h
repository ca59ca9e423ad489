#pragma once

#include <vector>

#include "foresee/picture.h"
#include "jepa/core/tensor.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// @throws Error unless there is a picture with pixels of every camera of the model.
void check_pictures(const std::vector<PictureView>& pictures, const PictureSpec& spec);
/// A copy of a picture. @returns uint8 [3, H, W], RGB.
Tensor picture_tensor(const PictureView& view);
/// The pictures of a model's cameras as one: a copy of the only one, or all views side by side (fit_views).
/// @returns uint8 [3, H, W], RGB. @throws Error as check_pictures.
Tensor joined_picture(const std::vector<PictureView>& pictures, const PictureSpec& spec);

}  // namespace foresee
