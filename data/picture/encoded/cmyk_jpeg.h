#pragma once

#include <optional>
#include <string_view>

#include "jepa/core/tensor.h"

namespace foresee::data {

/// Decodes a JPEG of four components: cyan, magenta, yellow and black, as programs for print write it. Its colours are
/// those of Pillow's convert("RGB"), to the last bit; OpenCV rounds otherwise, up to two steps away.
/// @returns uint8 [3, H, W], RGB, as it is stored (not turned upright); nothing for every other file, for one that
/// libjpeg cannot decode, and where this program was built without libjpeg.
std::optional<Tensor> decode_cmyk_jpeg(std::string_view bytes);

}  // namespace foresee::data
