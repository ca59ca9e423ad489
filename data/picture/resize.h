#pragma once

#include "jepa/core/tensor.h"

namespace foresee::data {

/// Resizes as Pillow's Image.resize(BILINEAR) does on 8-bit pictures, bit for bit: a triangle filter that widens when
/// shrinking, 22-bit fixed-point weights, horizontal pass then vertical pass, each rounded to 8 bits.
/// @param image  uint8 [3, H, W] or [H, W, 3]... see `channels_last`. @returns uint8 of the same layout.
Tensor resize_pillow_bilinear(const Tensor& image, int64_t height, int64_t width, bool channels_last = false);

}  // namespace foresee::data
