// Claims: attention by whole matrices of scores is attention, with its gradients.
#include "jepa/nn/fast/short_attention.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "tests/jepa/nn/fast/both_ways.h"

namespace foresee {
namespace {

using testing::draw;
using testing::draw_double;
using testing::expect_both_ways_agree;

TEST(ShortAttention, FusedIsPlainWithItsGradients) {
  for (const int64_t tokens : {1, 5, 65, 257}) {
    const Tensor x = draw({3 * tokens, 24}).requires_grad_();
    const Sequences sequences{.batch = 3, .tokens = tokens};
    for (const int64_t width : {24, 14}) {  // of all heads: as wide as the stream, and not
      const Affine qkv = testing::draw_affine(3 * width, 24, 100000);
      const auto attention = [&](Kernel kernel) { return std::vector{short_attention(x, qkv, 2, sequences, kernel)}; };
      expect_both_ways_agree(attention, {x, qkv.weight, qkv.bias}, 1e-4);
    }
  }
}

TEST(ShortAttention, IsPlainWhereSequencesAreLongOrNumbersAreDouble) {
  const Affine qkv = testing::draw_affine(72, 24, 100000);
  const Tensor longer = draw({513, 24});
  EXPECT_THROW(short_attention(longer, qkv, 2, {.batch = 1, .tokens = 513}, Kernel::kFused), Error);
  const Affine doubles{qkv.weight.to(at::kDouble), qkv.bias.to(at::kDouble)};
  EXPECT_THROW(short_attention(draw_double({4, 24}), doubles, 2, {.batch = 1, .tokens = 4}, Kernel::kFused), Error);
  EXPECT_EQ(short_attention(draw_double({4, 24}), doubles, 2, {.batch = 1, .tokens = 4}).scalar_type(), at::kDouble);
}

// Note [Short attention]
TEST(ShortAttention, IsItsFormulaWithItsGradients) {
  for (const int64_t tokens : {1, 5, 65}) {
    const auto in_float = [](const Tensor& t) { return t.to(at::kFloat).requires_grad_(); };
    const Sequences sequences{.batch = 3, .tokens = tokens};
    const Tensor x = in_float(draw_double({3 * tokens, 24}));
    const Affine qkv{in_float(draw_double({72, 24}, 7000) * 0.3), in_float(draw_double({72}, 9000))};
    const Tensor mine = short_attention(x, qkv, 2, sequences, Kernel::kFused);
    const auto parts = at::linear(x.to(at::kDouble), qkv.weight.to(at::kDouble), qkv.bias.to(at::kDouble))
                           .view({3, tokens, 3, 2, 12})
                           .permute({2, 0, 3, 1, 4})
                           .unbind(0);
    const Tensor weights = at::softmax(at::matmul(parts[0], parts[1].transpose(-2, -1)) / std::sqrt(12.0), -1);
    const Tensor plain = at::matmul(weights, parts[2]).transpose(1, 2).reshape({3 * tokens, 24});
    EXPECT_LT((mine - plain).abs().max().item<double>(), 2e-5) << tokens;
    const Tensor loss_weight = draw_double(plain.sizes(), 20000);
    const std::vector<Tensor> inputs{x, qkv.weight, qkv.bias};
    const auto found = torch::autograd::grad({(mine * loss_weight.to(at::kFloat)).sum()}, inputs),
               expected = torch::autograd::grad({(plain * loss_weight).sum()}, inputs);
    for (size_t i = 0; i < inputs.size(); ++i)
      EXPECT_TRUE(at::allclose(found[i], expected[i], 1e-4, 2e-4)) << tokens << " " << i;
    const torch::NoGradGuard no_grad;
    EXPECT_TRUE(at::equal(short_attention(x, qkv, 2, sequences), mine));
  }
}

}  // namespace
}  // namespace foresee
