#pragma once

#include <string>

#include "jepa/nn/parameter_tree.h"
#include "jepa/nn/rope.h"

namespace foresee {

/// softmax(q k^T / sqrt(head_dim)) v, every token seeing every token; the faster of two routes for this size.
/// @param q, k, v  float [B, heads, N, head_dim]. @returns float [B, heads, N, head_dim].
Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v);

/// Multi-head self-attention with rotary positions (facebookresearch/vjepa2 RoPEAttention); tensors `qkv` and `proj`.
class Attention {
 public:
  /// Registers the tensors below `path` of `module`.
  Attention(torch::nn::Module& module, const std::string& path, int64_t width, int64_t heads, bool qkv_bias);

  /// @param x  float [B, N, width]. @param rope  null: no positions.
  Tensor forward(const Tensor& x, const RopeTable* rope) const;

  const int64_t heads;
  Affine qkv, proj;  // qkv [3 * width, width]: query rows, key rows, value rows, each head after head
};

}  // namespace foresee
