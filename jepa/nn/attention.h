#pragma once

#include <span>
#include <string>

#include "jepa/nn/affine.h"
#include "jepa/nn/sequences.h"

namespace foresee {

/// How the bias of the joint map reaches queries, keys and values. The sums round differently, so each network keeps
/// the one that it is trained with.
enum class QkvBias {
  kWithSplit,  // in float32 on the CPU the split of the heads adds it on its way, which saves a pass; else kInProduct
  kInProduct,  // the product does
};

/// Multi-head self-attention with rotary positions (facebookresearch/vjepa2 RoPEAttention, ACRoPEAttention); tensors
/// `qkv` and `proj`.
class Attention {
 public:
  /// Registers the tensors below `path` of `module`.
  Attention(torch::nn::Module& module, const std::string& path, int64_t width, int64_t heads, bool qkv_bias,
            QkvBias bias = QkvBias::kWithSplit);

  /// @param x  float [rows, width]. @param sequences  which rows see each other (Note [Packed sequences]).
  /// @param mask  bool [tokens, tokens] of every sequence, true where a row sees a column; undefined: every token sees
  /// every token. @returns float [rows, width] without the rows before each sequence's `from`.
  Tensor forward(const Tensor& x, std::span<const Sequences> sequences, const Tensor& mask = {}) const;

  const int64_t heads;
  const QkvBias bias;
  Affine qkv, proj;  // qkv [3 * width, width]: query rows, key rows, value rows, each head after head
};

}  // namespace foresee
