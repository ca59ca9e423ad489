#pragma once

#include <string>

#include "jepa/nn/parameter_tree.h"
#include "jepa/nn/rope.h"

namespace foresee {

/// Multi-head self-attention with rotary positions, every token seeing every token (facebookresearch/vjepa2
/// RoPEAttention); tensors `qkv` and `proj`.
class Attention {
 public:
  /// Registers the tensors below `path` of `module`.
  Attention(torch::nn::Module& module, const std::string& path, int64_t width, int64_t heads, bool qkv_bias);

  /// @param x  float [B, N, width]. @param rope  null: no positions. @param from  tokens before this one are seen, but
  /// not worked out. @returns float [B, N - from, width].
  Tensor forward(const Tensor& x, const RopeTable* rope, int64_t from = 0) const;

  const int64_t heads;
  Affine qkv, proj;  // qkv [3 * width, width]: query rows, key rows, value rows, each head after head
};

}  // namespace foresee
