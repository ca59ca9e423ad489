#pragma once

#include <span>
#include <string>

#include "jepa/nn/heads.h"
#include "jepa/nn/parameter_tree.h"

namespace foresee {

/// Multi-head self-attention with rotary positions, every token seeing every token (facebookresearch/vjepa2
/// RoPEAttention); tensors `qkv` and `proj`.
class Attention {
 public:
  /// Registers the tensors below `path` of `module`.
  Attention(torch::nn::Module& module, const std::string& path, int64_t width, int64_t heads, bool qkv_bias);

  /// @param x  float [rows, width]. @param sequences  which rows see each other (Note [Packed sequences]).
  /// @returns float [rows, width] without the rows before each sequence's `from`.
  Tensor forward(const Tensor& x, std::span<const Sequences> sequences) const;

  const int64_t heads;
  Affine qkv, proj;  // qkv [3 * width, width]: query rows, key rows, value rows, each head after head
};

}  // namespace foresee
