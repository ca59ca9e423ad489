#include "jepa/nn/block.h"

#include "jepa/core/torch.h"

namespace foresee {

Block::Block(torch::nn::Module& module, const std::string& path, const BlockSizes& sizes)
    : sizes(sizes),
      norm1(add_norm(module, path + ".norm1", sizes.width)),
      attention(module, path + ".attn", sizes.width, sizes.heads, sizes.qkv_bias, sizes.bias_place),
      norm2(add_norm(module, path + ".norm2", sizes.width)),
      fc1(add_linear(module, path + ".mlp.fc1", sizes.width, sizes.mlp)),
      fc2(add_linear(module, path + ".mlp.fc2", sizes.mlp, sizes.width)) {}

Tensor Block::run(const Tensor& x, std::span<const Sequences> sequences, const Tensor& mask, Dropout* dropout,
                  double p) const {
  const std::vector<Sequences> left = drop_rows(sequences);
  const Tensor mixed = attention.forward(norm1.layer_norm(x, sizes.layer_norm_eps), sequences, mask);
  const Tensor attended = drop_rows(x, sequences) + drop_path(dropout, mixed, left, p);
  const Tensor hidden = fc1.linear_gelu(norm2.layer_norm(attended, sizes.layer_norm_eps));
  return attended + drop_path(dropout, fc2.linear(hidden), left, p);
}

Tensor Block::forward(const Tensor& x, std::span<const Sequences> sequences, Dropout* dropout, double p) const {
  return run(x, sequences, /*mask=*/{}, dropout, p);
}

Tensor Block::forward(const Tensor& x, const RopeTable* rope, const Tensor& mask) const {
  const Sequences all{.batch = x.size(0), .tokens = x.size(1), .rope = rope};
  return run(x.flatten(0, 1), {&all, 1}, mask, /*dropout=*/nullptr, /*p=*/0).view_as(x);
}

Tensor drop_path(Dropout* dropout, const Tensor& branch, std::span<const Sequences> sequences, double p) {
  if (!dropout || p == 0) return branch;
  std::vector<Tensor> kept;
  for (const auto& s : sequences)
    kept.push_back((*dropout)(at::ones({s.batch, 1}, branch.options().requires_grad(false)), p)
                       .expand({s.batch, s.tokens})
                       .flatten());
  return branch * at::cat(kept).unsqueeze(1);
}

}  // namespace foresee
