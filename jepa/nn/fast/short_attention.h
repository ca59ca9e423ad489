#pragma once

#include "jepa/core/kernel.h"
#include "jepa/nn/affine.h"
#include "jepa/nn/sequences.h"

namespace foresee {

// Note [Short attention]
// A fused attention forms no matrix of scores: it goes through keys in blocks and, in backward, works scores out once
// more. That saves memory where sequences are long. The scores of one head of a picture of 257 tokens are a quarter of
// a megabyte: they fit the cache whole, and to keep the probabilities costs no more than the MLP's activations. So here
// a head is two plain products forward and four backward, and its queries, keys, values and their gradients are read
// and written where they lie in the joint rows: nothing is split or put together.

/// Multi-head self-attention without positions, its joint projection included, with gradients. Fused, in float32 on the
/// CPU and up to 512 tokens: Note [Short attention]. Plain: attend(split_heads(...)).
/// @param x  float [rows, width]. @param qkv  [3 * width, width] and [3 * width]: query, key, value rows,
/// each head after head. @param sequences  which rows see each other; `from` is not looked at.
/// @returns float [rows, width], the heads side by side.
Tensor short_attention(const Tensor& x, const Affine& qkv, int64_t heads, const Sequences& sequences,
                       Kernel kernel = Kernel::kAutomatic);

}  // namespace foresee
