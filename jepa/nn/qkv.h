#pragma once

#include "jepa/core/tensor.h"

namespace foresee {

/// Queries, keys and values of every head: float [B, heads, N, head_dim].
struct Qkv {
  Tensor query, key, value;
};

/// softmax(q k^T / sqrt(head_dim)) v, with the heads side by side again (LibTorch's fused kernel). There may be fewer
/// queries than keys.
/// @param mask  bool [queries, keys], true where a query sees a key; undefined: every query sees every key.
/// @returns float [B, queries, heads * head_dim].
Tensor attend(const Qkv& heads, const Tensor& mask = {});

}  // namespace foresee
