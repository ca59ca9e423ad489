#pragma once

#include "jepa/core/kernel.h"
#include "jepa/nn/affine.h"
#include "jepa/nn/fast/residual_norm.h"
#include "jepa/nn/sequences.h"

namespace foresee {

/// A pre-norm block (see Block) behind its first norm.
struct ResidualBlock {
  Affine qkv;  // [3 * width, width] and [3 * width]: query, key, value rows, each head after head
  Affine proj, norm2, fc1, fc2;
  int64_t heads = 1;
  double eps = 1e-6;
};

/// Runs a block with gradients, without positions. It takes and leaves the stream together with the norm that comes
/// next, so that every sum goes in one pass with the norm behind it. The same as Block::forward up to rounding
/// (tests/jepa/nn/fast/residual_block_test.cpp). The kernels are short_attention, residual_norm and linear_gelu.
/// @param x  the stream and the block's first norm of it, float [rows, width]. @param next  the norm behind the block.
ResidualNorm residual_block(const ResidualBlock& block, const ResidualNorm& x, const Sequences& sequences,
                            const Affine& next, Kernel kernel = Kernel::kAutomatic);

/// The rest of a block behind its attention.
/// @param stream, attended  float [rows, width]; `attended` is what the block's output map takes.
ResidualNorm residual_mlp(const ResidualBlock& block, const Tensor& stream, const Tensor& attended, const Affine& next,
                          Kernel kernel = Kernel::kAutomatic);

}  // namespace foresee
