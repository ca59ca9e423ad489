#pragma once

#include "jepa/core/picture/picture_spec.h"

namespace foresee {

/// PictureTransform::kCenterSquare, as upstream's planning sees pictures: the centre square, resized bilinearly without
/// antialiasing, normalised. Pictures of the wanted shape are not cut.
/// @param frames  uint8 [N, 3, H, W], RGB. @returns float32 [N, 3, height, width].
Tensor frame_input(const Tensor& frames, const PictureSpec& spec, int64_t height, int64_t width);

}  // namespace foresee
