#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "jepa/core/tensor.h"
#include "jepa/nn/sequences.h"

namespace foresee {

/// Queries, keys and values of every head: float [B, heads, N, head_dim].
struct Heads {
  Tensor query, key, value;
};

/// Splits the output of a joint linear map and turns queries and keys (Note [3-D RoPE]).
/// On the CPU one pass does both, forward and backward; it gives what apply_rope gives. bfloat16 without gradients is
/// turned by float32 angles, where there are such, and rounded once.
/// @param qkv  float [rows, 3 * heads * head_dim]: query rows, key rows, value rows, each head after head.
/// @param sequences  which rows belong together. Their `from` is not looked at.
/// @param bias  [3 * heads * head_dim], added to every row first; undefined: none.
std::vector<Heads> split_heads(const Tensor& qkv, int64_t heads, std::span<const Sequences> sequences,
                               const Tensor& bias = {});
/// The same of one batch. @param qkv  float [B, N, 3 * heads * head_dim].
Heads split_heads(const Tensor& qkv, int64_t heads, const RopeTable* rope);

/// softmax(q k^T / sqrt(head_dim)) v, every query seeing every key, with the heads side by side again (LibTorch's fused
/// kernel). There may be fewer queries than keys. @returns float [B, queries, heads * head_dim].
Tensor attend(const Heads& heads);

}  // namespace foresee
