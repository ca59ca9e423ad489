#pragma once

#include <span>
#include <vector>

#include "jepa/core/kernel.h"
#include "jepa/nn/adaln.h"

namespace foresee {

/// An AdaLnBlock made ready for roll-outs without gradients: new tokens run behind those whose queries, keys and values
/// are known. The same as AdaLnBlock::forward up to rounding (tests/jepa/nn/fast/packed_adaln_test.cpp).
class PackedAdaLnBlock {
 public:
  /// Copies the weights. @param index  which of the blocks' modulations, joined in one tensor, is this block's.
  PackedAdaLnBlock(const AdaLnBlock& block, int64_t index, Kernel kernel = Kernel::kAutomatic);

  /// Memory that all blocks of a pass use in turn.
  struct Scratch {
    Tensor normed;    // float [T * N, width]
    Tensor attended;  // float [T * N, heads * head_dim]
  };
  Scratch scratch(const Tensor& x) const;

  /// Runs T new tokens of N sequences.
  /// @param x  float [T * N, width], token after token, the newest last; changed in place. @param modulation  of each
  /// token, float [N, blocks * 6 * width]. @param known  [N, 3 * heads * head_dim] of each earlier token; those of the
  /// new ones are added. @param newest_alone  whether only the newest token has to leave the block.
  void forward(Tensor& x, std::span<const Tensor> modulation, std::vector<Tensor>& known, bool newest_alone,
               Scratch& scratch) const;

 private:
  AdaLnSizes sizes_;
  int64_t index_;
  Kernel kernel_;
  Affine norm1_, norm2_;
  Affine out_, in_, mlp_, qkv_;  // weights [in, out]; out_ is undefined where the block has none
};

}  // namespace foresee
