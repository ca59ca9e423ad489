#pragma once

#include <string>

#include "jepa/nn/affine.h"
#include "jepa/nn/dropout.h"

namespace foresee {

/// Sizes of one AdaLN block.
struct AdaLnSizes {
  int64_t width = 192, heads = 16, head_dim = 64, mlp = 2048;
  bool own_norms = true;  // LeWM's block; false: the plain block of DiT
};

/// Transformer block conditioned by adaptive layer norm with gates that start at zero (Peebles & Xie 2023, DiT), causal
/// over the tokens; tensor names and norms as stable_worldmodel.wm.lewm.module.ConditionalBlock:
///
///   shift1, scale1, gate1, shift2, scale2, gate2 = Linear(SiLU(c))
///   x = x + gate1 * Attention(LN(x) (1 + scale1) + shift1)
///   x = x + gate2 * MLP(LN(x) (1 + scale2) + shift2)
///
/// LN has no weights and eps 1e-6; Attention and MLP begin with a LayerNorm of their own (eps 1e-5); qkv has no bias.
/// Without `own_norms` there are none, and qkv has a bias (torch_world.nn.transformer.AdaLNBlock).
/// Roll-outs without gradients use PackedAdaLnBlock (jepa/nn/fast/packed_adaln.h), which is the same block.
class AdaLnBlock {
 public:
  /// Registers the tensors below `path` of `module`.
  AdaLnBlock(torch::nn::Module& module, const std::string& path, const AdaLnSizes& sizes);

  /// The six modulations of a condition. @param c  float [..., width]. @returns float [..., 6 * width].
  Tensor modulation(const Tensor& c) const;
  /// @param x  float [B, T, width]. @param modulation  float [B, T, 6 * width]. @param dropout  null: none.
  Tensor forward(const Tensor& x, const Tensor& modulation, Dropout* dropout, double p) const;

  const AdaLnSizes sizes;
  Affine attention_norm, qkv, attention_out;  // norms are undefined without own_norms; attention_out is for one head as
  Affine mlp_norm, mlp_in, mlp_out, adaln;    // wide as LeWM's block
};

inline constexpr double kAdaLnEps = 1e-6, kAdaLnInnerEps = 1e-5;

/// LN(x) (1 + scale) + shift, then `norm` where it is defined. @param x, shift, scale  float [..., width].
Tensor modulate(const Tensor& x, const Tensor& shift, const Tensor& scale, const Affine& norm = {});

}  // namespace foresee
