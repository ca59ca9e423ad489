#include "jepa/nn/block.h"

#include "jepa/core/torch.h"

namespace foresee {

Block::Block(torch::nn::Module& module, const std::string& path, const BlockSizes& sizes)
    : sizes(sizes),
      norm1(add_norm(module, path + ".norm1", sizes.width)),
      attention(module, path + ".attn", sizes.width, sizes.heads, sizes.qkv_bias),
      norm2(add_norm(module, path + ".norm2", sizes.width)),
      fc1(add_linear(module, path + ".mlp.fc1", sizes.width, sizes.mlp)),
      fc2(add_linear(module, path + ".mlp.fc2", sizes.mlp, sizes.width)) {}

Tensor Block::forward(const Tensor& x, const RopeTable* rope, Dropout* dropout, double p) const {
  const Tensor attended = x + drop_path(dropout, attention.forward(norm1.layer_norm(x, sizes.layer_norm_eps), rope), p);
  const Tensor hidden = at::gelu(fc1.linear(norm2.layer_norm(attended, sizes.layer_norm_eps)));
  return attended + drop_path(dropout, fc2.linear(hidden), p);
}

Tensor drop_path(Dropout* dropout, const Tensor& branch, double p) {
  if (!dropout || p == 0) return branch;
  return branch * (*dropout)(at::ones({branch.size(0), 1, 1}, branch.options().requires_grad(false)), p);
}

}  // namespace foresee
