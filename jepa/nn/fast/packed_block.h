#pragma once

#include <functional>

#include "jepa/core/kernel.h"
#include "jepa/nn/block.h"
#include "jepa/nn/fast/packed_linear.h"
#include "jepa/nn/qkv.h"

namespace foresee {

/// A Block made ready to run many times without gradients: weights laid out once for matrix products, in the precision
/// that was asked for, and norms in one pass with the sums in front of them. The same as Block::forward up to rounding
/// (tests/jepa/nn/fast/packed_block_test.cpp).
class PackedBlock {
 public:
  /// @param block  whose weights are taken (a copy) and whose norms are shared. @param rows  rows that usually run, a
  /// hint for the layout. @param kernel  of every part.
  PackedBlock(const Block& block, Precision precision, int64_t rows, Kernel kernel = Kernel::kAutomatic);

  /// The attention of the block's heads: float [B, heads, N, head_dim] -> [B, N, width]. It may keep the heads, or see
  /// others besides. Undefined: the block ends there.
  using Mix = std::function<Tensor(const Qkv&)>;

  /// @param x  float [B, N, width], the stream; changed in place. @param branch  what the block before left to be added
  /// to it; undefined: nothing. @param rope  null: no positions.
  /// @returns what is still to be added to the stream; undefined where `mix` said so.
  Tensor forward(Tensor& x, const Tensor& branch, const RopeTable* rope, const Mix& mix) const;

 private:
  Affine norm1_, norm2_;
  PackedLinear qkv_, proj_, fc1_, fc2_;
  int64_t heads_;
  double eps_;
  at::ScalarType dtype_;
  Kernel kernel_;
};

}  // namespace foresee
