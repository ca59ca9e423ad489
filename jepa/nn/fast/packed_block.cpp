#include "jepa/nn/fast/packed_block.h"

#include "jepa/core/torch.h"
#include "jepa/nn/fast/residual_norm.h"
#include "jepa/nn/fast/split_heads.h"

namespace foresee {

PackedBlock::PackedBlock(const Block& block, Precision precision, int64_t rows, Kernel kernel)
    : norm1_(block.norm1),
      norm2_(block.norm2),
      qkv_(block.attention.qkv, precision, rows, kernel),
      proj_(block.attention.proj, precision, rows, kernel),
      fc1_(block.fc1, precision, rows, kernel),
      fc2_(block.fc2, precision, rows, kernel),
      heads_(block.attention.heads),
      eps_(block.sizes.layer_norm_eps),
      dtype_(dtype_of(precision, block.fc1.weight.device())),
      kernel_(kernel) {}

Tensor PackedBlock::forward(Tensor& x, const Tensor& branch, const RopeTable* rope, const Mix& mix) const {
  const Tensor first = add_and_norm(x, branch, norm1_, eps_, dtype_, kernel_);
  const Tensor mixed = mix(split_heads(qkv_.forward(first), heads_, rope, kernel_));
  if (!mixed.defined()) return {};
  const Tensor second = add_and_norm(x, proj_.forward(mixed), norm2_, eps_, dtype_, kernel_);
  return fc2_.forward(fc1_.forward_gelu(second));
}

}  // namespace foresee
