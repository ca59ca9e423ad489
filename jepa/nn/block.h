#pragma once

#include <cstdint>
#include <string>

#include "jepa/nn/attention.h"
#include "jepa/nn/dropout.h"

namespace foresee {

/// Sizes of one transformer block.
struct BlockSizes {
  int64_t width = 192, heads = 3, mlp = 768;
  double layer_norm_eps = 1e-6;
  bool qkv_bias = true;
  QkvBias bias_place = QkvBias::kWithSplit;
};

/// Pre-norm transformer block; tensor names as facebookresearch/vjepa2 Block (norm1, attn, norm2, mlp.fc1, mlp.fc2):
///   x = x + DropPath(Attention(LN(x)));  x = x + DropPath(fc2(GELU(fc1(LN(x)))))       GELU with the exact erf
/// Encoders, predictors and probes are made of it; without gradients they run PackedBlock
/// (jepa/nn/fast/packed_block.h), which is the same block.
class Block {
 public:
  /// Registers the tensors below `path` of `module`.
  Block(torch::nn::Module& module, const std::string& path, const BlockSizes& sizes);

  /// @param x  float [rows, width]. @param sequences  which rows see each other (Note [Packed sequences]).
  /// @param dropout  null: evaluation. @param drop_path  probability that a sequence skips a branch.
  /// @returns float [rows, width] without the rows before each sequence's `from`.
  Tensor forward(const Tensor& x, std::span<const Sequences> sequences, Dropout* dropout = nullptr,
                 double drop_path = 0) const;
  /// The same of one batch. @param x  float [B, N, width]. @param rope  null: no positions. @param mask  as
  /// Attention::forward.
  Tensor forward(const Tensor& x, const RopeTable* rope, const Tensor& mask = {}) const;

  const BlockSizes sizes;
  Affine norm1;
  Attention attention;
  Affine norm2, fc1, fc2;

 private:
  Tensor run(const Tensor& x, std::span<const Sequences> sequences, const Tensor& mask, Dropout* dropout,
             double drop_path) const;
};

/// Drops whole sequences: `branch` [rows, width] times one draw for each (Huang et al. 2016, stochastic depth).
Tensor drop_path(Dropout* dropout, const Tensor& branch, std::span<const Sequences> sequences, double p);

}  // namespace foresee
