// Claims: a block made for inference is the block, whichever kernels it uses.
#include "jepa/nn/fast/packed_block.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "tests/jepa/nn/fast/both_ways.h"

namespace foresee {
namespace {

using testing::draw;

struct PackedBlockTest : ::testing::Test {
  PackedBlockTest() {
    uint64_t i = 0;
    for (Tensor& parameter : module.parameters()) parameter.copy_(0.3 * draw(parameter.sizes(), 50000 * ++i));
  }
  const torch::NoGradGuard no_grad;
  torch::nn::Module module;
  const Block block{module, "block", {.width = 24, .heads = 2, .mlp = 40}};
  const RopeTable rope = rope_table(token_positions(at::arange(10, at::kLong), 3, 4), 12, at::kFloat);
  const Tensor x = draw({2, 10, 24}, 7);
};

TEST_F(PackedBlockTest, IsTheBlock) {
  const Tensor expected = block.forward(x, &rope);
  for (const Kernel kernel : {Kernel::kFused, Kernel::kPlain, Kernel::kAutomatic}) {
    Tensor stream = x.clone();
    const PackedBlock packed(block, Precision::kFloat32, 20, kernel);
    const Tensor branch = packed.forward(stream, {}, &rope, [](const Qkv& heads) { return attend(heads); });
    testing::expect_close(stream + branch, expected, 2e-5, "output");
  }
}

TEST_F(PackedBlockTest, AddsWhatTheBlockBeforeLeft) {
  const Tensor left = draw({2, 10, 24}, 9000), expected = block.forward(x + left, &rope);
  Tensor stream = x.clone();
  const PackedBlock packed(block, Precision::kFloat32, 20);
  const Tensor branch = packed.forward(stream, left, &rope, [](const Qkv& heads) { return attend(heads); });
  testing::expect_close(stream + branch, expected, 2e-5, "output");
}

TEST_F(PackedBlockTest, EndsWhereTheMixSaysSo) {
  Tensor stream = x.clone();
  const PackedBlock packed(block, Precision::kFloat32, 20);
  EXPECT_FALSE(packed.forward(stream, {}, &rope, [](const Qkv&) { return Tensor(); }).defined());
}

}  // namespace
}  // namespace foresee
