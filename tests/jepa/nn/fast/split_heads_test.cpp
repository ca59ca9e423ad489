// Claims: the fused split of heads is apply_rope with its gradient, and says where it does not fit.
#include "jepa/nn/fast/split_heads.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "tests/jepa/nn/fast/both_ways.h"

namespace foresee {
namespace {

using testing::draw;
using testing::draw_double;
using testing::expect_both_ways_agree;

TEST(SplitHeads, FusedIsPlainWithItsGradients) {
  const auto type = at::kFloat;
  const auto few = rope_table(token_positions(at::arange(5, at::kLong), 3, 4), 12, type),
             many = rope_table(token_positions(at::arange(9, at::kLong), 3, 4), 12, type);
  const std::vector<Sequences> sequences{{.batch = 2, .tokens = 5, .rope = &few},
                                         {.batch = 3, .tokens = 9, .rope = &many}};
  const Tensor qkv = draw({37, 72}).requires_grad_(), bias = draw({72}, 7000).requires_grad_();
  const auto split = [&](Kernel kernel) {
    std::vector<Tensor> out;
    for (const auto& [q, k, v] : split_heads(qkv, 2, sequences, bias, kernel)) out.insert(out.end(), {q, k, v});
    return out;
  };
  expect_both_ways_agree(split, {qkv, bias});
}

TEST(SplitHeads, FusedRefusesHeadsWithoutPositions) {
  EXPECT_THROW(split_heads(draw({1, 5, 72}), 2, nullptr, Kernel::kFused), Error);
  EXPECT_NO_THROW(split_heads(draw({1, 5, 72}), 2, nullptr));
}

TEST(SplitHeads, IsRopeOnQueriesAndKeysWithItsGradient) {
  for (const int64_t head_dim : {1, 7, 12, 16, 25, 32, 64}) {
    for (const bool per_sample : {false, true}) {
      Tensor ids = at::arange(10, at::kLong) * 3;
      if (per_sample) ids = at::stack({ids, ids + 7});
      const auto table = rope_table(token_positions(ids, 3, 4), head_dim, at::kDouble);
      const Tensor qkv = draw_double({2, 10, 3 * 2 * head_dim}).requires_grad_();
      const auto fused = split_heads(qkv, 2, &table);
      const auto parts = qkv.view({2, 10, 3, 2, head_dim}).permute({2, 0, 3, 1, 4}).unbind(0);
      const std::vector<Tensor> plain{apply_rope(parts[0], table), apply_rope(parts[1], table), parts[2]};
      const std::vector<Tensor> values{fused.query, fused.key, fused.value};
      Tensor fused_loss = at::zeros({}, at::kDouble), plain_loss = fused_loss;
      for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(at::allclose(values[i], plain[i])) << head_dim;
        const Tensor weight = draw_double(plain[i].sizes(), 1000 * static_cast<uint64_t>(i + 1));
        fused_loss = fused_loss + (values[i] * weight).sum();
        plain_loss = plain_loss + (plain[i] * weight).sum();
      }
      const Tensor fused_gradient = torch::autograd::grad({fused_loss}, {qkv})[0];
      EXPECT_TRUE(at::allclose(fused_gradient, torch::autograd::grad({plain_loss}, {qkv})[0])) << head_dim;
    }
  }
}

TEST(SplitHeads, BiasIsAddedBeforeTheTurnWithItsGradient) {
  const auto table = rope_table(token_positions(at::arange(10, at::kLong), 3, 4), 12, at::kDouble);
  const std::vector<Sequences> sequences{{.batch = 2, .tokens = 10, .rope = &table},
                                         {.batch = 3, .tokens = 10, .rope = &table}};
  const Tensor qkv = draw_double({50, 72}).requires_grad_(), bias = draw_double({72}, 7000).requires_grad_();
  const auto loss = [&](const std::vector<Qkv>& heads) {
    Tensor sum = at::zeros({}, at::kDouble);
    for (const auto& [q, k, v] : heads)
      for (const Tensor& t : {q, k, v}) sum = sum + (t * draw_double(t.sizes(), 300)).sum();
    return sum;
  };
  const Tensor later = loss(split_heads(qkv, 2, sequences, bias)), before = loss(split_heads(qkv + bias, 2, sequences));
  EXPECT_TRUE(at::allclose(later, before));
  const auto mine = torch::autograd::grad({later}, {qkv, bias}), plain = torch::autograd::grad({before}, {qkv, bias});
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(at::allclose(mine[i], plain[i])) << i;
}

TEST(SplitHeads, AnglesOfOtherTokensAreRefused) {
  const auto table = rope_table(token_positions(at::arange(9, at::kLong), 3, 3), 16, at::kFloat);
  EXPECT_THROW(split_heads(at::zeros({1, 10, 96}), 2, &table), Error);
}

TEST(SplitHeads, HeadsOfBFloat16TurnByFloatAngles) {
  const Tensor tokens = at::arange(10, at::kLong);
  const auto table = rope_table(token_positions(tokens, 3, 4), 16, at::kFloat);
  const Tensor qkv = draw({2, 10, 3 * 2 * 16}, 50000).to(at::kBFloat16);
  const Qkv half = split_heads(qkv, 2, &table), full = split_heads(qkv.to(at::kFloat), 2, &table);
  EXPECT_TRUE(at::equal(half.query, full.query.to(at::kBFloat16)));
  EXPECT_TRUE(at::equal(half.key, full.key.to(at::kBFloat16)));
  EXPECT_TRUE(at::equal(half.value, full.value.to(at::kBFloat16)));
}

}  // namespace
}  // namespace foresee
