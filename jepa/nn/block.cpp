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
  return attended + drop_path(dropout, mlp(attended), p);
}

Tensor Block::forward_tail(const Tensor& x, const RopeTable* rope, int64_t from) const {
  const Tensor attended = x.slice(1, from) + attention.forward(norm1.layer_norm(x, sizes.layer_norm_eps), rope, from);
  return attended + mlp(attended);
}

/// fc2(GELU(fc1(LN(x)))).
Tensor Block::mlp(const Tensor& x) const {
  return fc2.linear(at::gelu(fc1.linear(norm2.layer_norm(x, sizes.layer_norm_eps))));
}

Tensor drop_path(Dropout* dropout, const Tensor& branch, double p) {
  if (!dropout || p == 0) return branch;
  return branch * (*dropout)(at::ones({branch.size(0), 1, 1}, branch.options().requires_grad(false)), p);
}

}  // namespace foresee
