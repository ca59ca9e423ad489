#pragma once

#include "jepa/core/picture/picture_spec.h"

namespace foresee::data {

/// The input that a model takes for a clip, or for pictures of one size. Note [Pictures into numbers].
/// @param frames  uint8 [T, 3, H, W], RGB, any size. @param spec  with a transform; kFamily counts as kFit.
/// @returns float [3, T, size, size]. @throws Error for another shape; DataError for pictures of a size that the spec
/// does not take.
Tensor clip_input(const Tensor& frames, const PictureSpec& spec);

}  // namespace foresee::data
