#pragma once

#include <vector>

#include "foresee/picture.h"
#include "jepa/core/tensor.h"

namespace foresee {

/// The one picture of a model with one camera. @throws Error for none or several.
const PictureView& only_picture(const std::vector<PictureView>& pictures);
/// A copy of a picture. @returns uint8 [3, H, W], RGB. @throws Error for a picture without pixels.
Tensor picture_tensor(const PictureView& view);

}  // namespace foresee
