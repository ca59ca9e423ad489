// Claims: a block that takes its sums and norms together is the block, with its gradients, whichever kernels it uses.
#include "jepa/nn/fast/residual_block.h"

#include <gtest/gtest.h>

#include "jepa/nn/block.h"
#include "tests/jepa/nn/fast/both_ways.h"

namespace foresee {
namespace {

using testing::draw;
using testing::expect_both_ways_agree;

TEST(ResidualBlock, IsTheBlockWithItsGradients) {
  torch::nn::Module module;
  const Block block(module, "block", {.width = 24, .heads = 2, .mlp = 40});
  uint64_t i = 0;
  for (Tensor& parameter : module.parameters()) parameter.detach().copy_(0.3 * draw(parameter.sizes(), 50000 * ++i));
  const Affine next = testing::draw_norm(24, 7000000);
  const Tensor x = draw({30, 24}, 7).requires_grad_();
  const Sequences sequences{.batch = 3, .tokens = 10};
  const ResidualBlock parts{.qkv = block.attention.qkv,
                            .proj = block.attention.proj,
                            .norm2 = block.norm2,
                            .fc1 = block.fc1,
                            .fc2 = block.fc2,
                            .heads = 2};
  const auto residual = [&](Kernel kernel) {
    const ResidualNorm out = residual_block(parts, {x, block.norm1.layer_norm(x, 1e-6)}, sequences, next, kernel);
    return std::vector{out.stream, out.normed};
  };
  std::vector<Tensor> inputs = module.parameters();
  inputs.insert(inputs.end(), {x, next.weight, next.bias});
  expect_both_ways_agree(residual, inputs, 1e-4);
  const Tensor stream = block.forward(x, {&sequences, 1});
  testing::expect_close(residual(Kernel::kFused).front(), stream, 2e-5, "stream");
  testing::expect_close(residual(Kernel::kFused).back(), next.layer_norm(stream, 1e-6), 2e-5, "norm");
}

}  // namespace
}  // namespace foresee
