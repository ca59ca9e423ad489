#include "jepa/nn/fast/residual_block.h"

#include "jepa/core/torch.h"
#include "jepa/nn/fast/linear_gelu.h"
#include "jepa/nn/fast/short_attention.h"

namespace foresee {

ResidualNorm residual_mlp(const ResidualBlock& block, const Tensor& stream, const Tensor& attended, const Affine& next,
                          Kernel kernel) {
  const Tensor branch = at::linear(attended, block.proj.weight);  // biases go with the sums
  const ResidualNorm x = residual_norm(stream, branch, block.proj.bias, block.norm2, block.eps, kernel);
  const Tensor hidden = linear_gelu(x.normed, block.fc1.weight, block.fc1.bias, kernel);
  return residual_norm(x.stream, at::linear(hidden, block.fc2.weight), block.fc2.bias, next, block.eps, kernel);
}

ResidualNorm residual_block(const ResidualBlock& block, const ResidualNorm& x, const Sequences& sequences,
                            const Affine& next, Kernel kernel) {
  const Tensor attended = short_attention(x.normed, block.qkv, block.heads, sequences, kernel);
  return residual_mlp(block, x.stream, attended, next, kernel);
}

}  // namespace foresee
