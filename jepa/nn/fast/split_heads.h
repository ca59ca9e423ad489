#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "jepa/core/kernel.h"
#include "jepa/nn/qkv.h"
#include "jepa/nn/sequences.h"

namespace foresee {

/// Splits the output of a joint linear map and turns queries and keys (Note [3-D RoPE]).
/// Fused, on the CPU where the sequences have positions: one pass does both, forward and backward. Qkv of bfloat16
/// without gradients are turned by float32 angles, where there are such, and rounded once. Plain: apply_rope.
/// @param qkv  float [rows, 3 * heads * head_dim]: query rows, key rows, value rows, each head after head.
/// @param sequences  which rows belong together. Their `from` is not looked at.
/// @param bias  [3 * heads * head_dim], added to every row first; undefined: none.
std::vector<Qkv> split_heads(const Tensor& qkv, int64_t heads, std::span<const Sequences> sequences,
                             const Tensor& bias = {}, Kernel kernel = Kernel::kAutomatic);
/// The same of one batch. @param qkv  float [B, N, 3 * heads * head_dim].
Qkv split_heads(const Tensor& qkv, int64_t heads, const RopeTable* rope, Kernel kernel = Kernel::kAutomatic);

}  // namespace foresee
