#pragma once

#include <span>

#include "foresee/picture.h"
#include "jepa/model/family/family.h"

namespace foresee {

/// Encodes pictures as one clip, brought to the encoder's size by its transform. One alone is repeated to fill a token.
/// @returns float [N, D]. @throws Error for pictures of several sizes, or whose number is no multiple of the tubelet.
Tensor encode_clip(const ClipEncoder& encoder, std::span<const PictureView> pictures);

}  // namespace foresee
