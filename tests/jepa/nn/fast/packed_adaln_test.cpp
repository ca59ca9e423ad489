// Claims: an AdaLN block that runs token by token is the block over all tokens, whichever kernels it uses.
#include "jepa/nn/fast/packed_adaln.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "tests/jepa/nn/fast/both_ways.h"

namespace foresee {
namespace {

using testing::draw;

/// With norms of its own, and without.
struct PackedAdaLnTest : ::testing::TestWithParam<bool> {
  PackedAdaLnTest() {
    uint64_t i = 0;
    for (Tensor& parameter : module.parameters()) parameter.copy_(0.3 * draw(parameter.sizes(), 50000 * ++i));
  }
  const torch::NoGradGuard no_grad;
  torch::nn::Module module;
  const AdaLnSizes sizes{.width = 24, .heads = 2, .head_dim = 8, .mlp = 40, .own_norms = GetParam()};
  const AdaLnBlock block{module, "block", sizes};
  const Tensor x = draw({5, 3, 24}, 7), condition = draw({5, 3, 24}, 5000);
};

TEST_P(PackedAdaLnTest, TokenAfterTokenIsTheBlock) {
  const Tensor modulation = block.modulation(condition);  // [N, T, 6 * width]
  const Tensor expected = block.forward(x, modulation, /*dropout=*/nullptr, 0);
  const Tensor joined = at::cat({at::full_like(modulation, NAN), modulation}, 2);  // this block's is the second
  for (const Kernel kernel : {Kernel::kFused, Kernel::kPlain, Kernel::kAutomatic}) {
    const PackedAdaLnBlock packed(block, /*index=*/1, kernel);
    std::vector<Tensor> known;
    for (int64_t t = 0; t < 3; ++t) {
      Tensor token = x.select(1, t).clone();
      const Tensor own = joined.select(1, t);
      auto scratch = packed.scratch(token);
      packed.forward(token, {&own, 1}, known, /*newest_alone=*/true, scratch);
      testing::expect_close(token, expected.select(1, t), 2e-5, fmt::format("token {}", t));
    }
    EXPECT_EQ(known.size(), 3u);
  }
}

TEST_P(PackedAdaLnTest, AllTokensAtOnceAreTheBlock) {
  const Tensor modulation = block.modulation(condition);
  const Tensor expected = block.forward(x, modulation, /*dropout=*/nullptr, 0);
  for (const bool newest_alone : {false, true}) {
    const PackedAdaLnBlock packed(block, /*index=*/0);
    Tensor rows = x.transpose(0, 1).reshape({15, 24});
    std::vector<Tensor> known;
    auto scratch = packed.scratch(rows);
    packed.forward(rows, modulation.unbind(1), known, newest_alone, scratch);
    for (int64_t t = newest_alone ? 2 : 0; t < 3; ++t)
      testing::expect_close(rows.narrow(0, 5 * t, 5), expected.select(1, t), 2e-5, fmt::format("token {}", t));
  }
}

INSTANTIATE_TEST_SUITE_P(Norms, PackedAdaLnTest, ::testing::Bool());

}  // namespace
}  // namespace foresee
