// Claims about the layers: rotary positions and attention are their formulas, packed sequences are what they are alone,
// drop path keeps the mean, tubelets are a Conv3d.
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/nn/attention.h"
#include "jepa/nn/block.h"
#include "jepa/nn/patch_embed.h"
#include "tests/jepa/nn/fast/both_ways.h"

namespace foresee {
namespace {

using testing::draw_double;

// Section 1.4 of the reference: a segment of 20 channels holding 0.1 .. 2.0 at positions 1 and 7.
TEST(Rope, TurnsASegmentAsRecorded) {
  const std::vector<double> at_1{-0.114264, 0.223127, 0.233109, 0.41812,   0.484773, 0.60497, 0.69681,
                                 0.801108,  0.899369, 1.000226, -0.415433, 1.532597, 1.06275, 1.479184,
                                 1.459341,  1.61492,  1.692821, 1.802692,  1.898738, 2.000477};
  const std::vector<double> at_7{-0.056007, -0.152796, -0.224624, 0.489851, 0.387334,  0.633502,  0.677437,
                                 0.807717,  0.895575,  1.001581,  0.040909, -0.743055, -0.674891, 1.821339,
                                 1.196988,  1.700996,  1.649185,  1.818749, 1.891148,  2.003338};
  const Tensor x = at::arange(1, 61, at::kFloat).remainder(20).sub(1).remainder(20).add(1).div(10).view({1, 1, 1, 60});
  for (const auto& [position, expected] : {std::pair{1, at_1}, {7, at_7}}) {
    const Tensor p = at::full({1}, position, at::kLong);
    const Tensor turned = apply_rope(x, rope_table({p, p, p}, 60, at::kFloat)).view({3, 20});
    for (int64_t axis = 0; axis < 3; ++axis)
      EXPECT_TRUE(at::allclose(turned[axis], at::tensor(expected, at::kFloat), 0, 2e-6)) << position;
  }
}

TEST(Rope, InterleavedAnglesKeepLengths) {
  const Tensor ids = at::arange(24, at::kLong), x = draw_double({2, 2, 24, 64});
  const auto table = rope_table(token_positions(ids, 3, 4), 64, at::kDouble, RopeAngles::kInterleaved);
  EXPECT_TRUE(at::allclose(apply_rope(x, table).norm(2, -1), x.norm(2, -1)));
  const auto tiled = rope_table(token_positions(ids, 3, 4), 64, at::kDouble);
  EXPECT_FALSE(at::allclose(apply_rope(x, tiled).norm(2, -1), x.norm(2, -1)));  // upstream's does not
}

TEST(Attention, IsItsFormulaForEveryHead) {
  torch::NoGradGuard no_grad;
  torch::nn::Module module;
  const Attention attention(module, "attn", 48, /*heads=*/3, /*qkv_bias=*/true);
  module.to(at::kDouble);
  uint64_t first = 0;
  for (auto& parameter : module.parameters()) {
    parameter.copy_(draw_double(parameter.sizes(), first) * 0.3);
    first += 10000;
  }
  const Tensor x = draw_double({2, 7, 48}, 90000);
  const auto parts = at::linear(x, attention.qkv.weight, attention.qkv.bias).chunk(3, -1);
  std::vector<Tensor> heads;
  for (int64_t h = 0; h < 3; ++h) {
    const auto head = [&](int i) { return parts[static_cast<size_t>(i)].narrow(-1, 16 * h, 16); };
    heads.push_back(at::matmul(at::softmax(at::matmul(head(0), head(1).transpose(1, 2)) / 4.0, -1), head(2)));
  }
  const Tensor expected = at::linear(at::cat(heads, -1), attention.proj.weight, attention.proj.bias);
  EXPECT_TRUE(at::allclose(attention.forward(x.flatten(0, 1), std::vector<Sequences>{{.batch = 2, .tokens = 7}}),
                           expected.flatten(0, 1), 1e-9, 1e-9));
}

Block random_block(torch::nn::Module& module) {
  const Block block(module, "block", {.width = 24, .heads = 2, .mlp = 48});
  module.to(at::kDouble);
  uint64_t i = 0;
  for (Tensor& parameter : module.parameters())
    parameter.detach().copy_(0.3 * draw_double(parameter.sizes(), 5000 * ++i));
  return block;
}

TEST(Block, TailIsTheLastTokensOfAllWithTheirGradient) {
  torch::nn::Module module;
  const Block block = random_block(module);
  const auto table = rope_table(token_positions(at::arange(10, at::kLong), 3, 4), 12, at::kDouble);
  const Tensor x = draw_double({2, 10, 24}).requires_grad_(), weight = draw_double({2, 6, 24}, 999);
  const std::vector<Sequences> tail_only{{.batch = 2, .tokens = 10, .rope = &table, .from = 4}};
  const Tensor whole = block.forward(x, &table).slice(1, 4),
               tail = block.forward(x.flatten(0, 1), tail_only).view({2, 6, 24});
  EXPECT_TRUE(at::allclose(tail, whole));
  const auto slope = [&](const Tensor& out) { return torch::autograd::grad({(out * weight).sum()}, {x})[0]; };
  EXPECT_TRUE(at::allclose(slope(tail), slope(whole)));
}

TEST(Block, PackedSequencesAreWhatTheyAreAloneWithTheirGradients) {
  torch::nn::Module module;
  const Block block = random_block(module);
  const auto angles = [](int64_t tokens) {
    return rope_table(token_positions(at::arange(tokens, at::kLong), 3, 4), 12, at::kDouble);
  };
  const RopeTable few = angles(5), many = angles(9);
  for (const bool turned : {true, false}) {
    const std::vector<Sequences> sequences{{.batch = 2, .tokens = 5, .rope = turned ? &few : nullptr, .from = 2},
                                           {.batch = 3, .tokens = 9, .rope = turned ? &many : nullptr}};
    const Tensor x = draw_double({37, 24}).requires_grad_();
    const Tensor packed = block.forward(x, sequences);
    std::vector<Tensor> alone;
    for (const auto& part : unpack_rows(x, sequences))
      alone.push_back(block.forward(part, sequences[alone.size()].rope).slice(1, alone.empty() ? 2 : 0).flatten(0, 1));
    EXPECT_TRUE(at::allclose(packed, at::cat(alone)));
    auto inputs = module.parameters();
    inputs.push_back(x);
    const Tensor weight = draw_double(packed.sizes(), 999);
    const auto mine = torch::autograd::grad({(packed * weight).sum()}, inputs),
               plain = torch::autograd::grad({(at::cat(alone) * weight).sum()}, inputs);
    for (size_t i = 0; i < mine.size(); ++i) EXPECT_TRUE(at::allclose(mine[i], plain[i])) << i;
  }
  const std::vector<Sequences> short_of_rows{{.batch = 2, .tokens = 5}};
  EXPECT_THROW(block.forward(draw_double({11, 24}), short_of_rows), Error);
}

TEST(Block, UnderAMaskALaterTokenChangesNothingBefore) {
  torch::nn::Module module;
  const Block block = random_block(module);
  const auto table = rope_table(token_positions(at::arange(6, at::kLong), 3, 4), 12, at::kDouble);
  const Tensor x = draw_double({2, 6, 24}), mask = at::ones({6, 6}, at::kBool).tril();
  Tensor changed = x.clone();
  changed.select(1, 5).add_(1);
  const Tensor before = block.forward(x, &table, mask), after = block.forward(changed, &table, mask);
  EXPECT_TRUE(at::allclose(before.slice(1, 0, 5), after.slice(1, 0, 5)));
  EXPECT_FALSE(at::allclose(before, block.forward(x, &table)));
  EXPECT_TRUE(at::allclose(block.forward(x, &table, at::ones({6, 6}, at::kBool)), block.forward(x, &table)));
}

TEST(DropPath, DropsWholeSequencesAndKeepsTheMean) {
  const Tensor branch = at::ones({9000, 3});
  const std::vector<Sequences> sequences{{.batch = 3000, .tokens = 2}, {.batch = 1000, .tokens = 3}};
  Dropout dropout(Random(1, Stream::kDropout, 5)), again(Random(1, Stream::kDropout, 5));
  const Tensor dropped = drop_path(&dropout, branch, sequences, 0.25);
  EXPECT_TRUE(at::equal(dropped, drop_path(&again, branch, sequences, 0.25)));
  for (const Tensor& batch : unpack_rows(dropped, sequences)) {
    EXPECT_TRUE(at::equal(batch.amin({1, 2}), batch.amax({1, 2})));
    EXPECT_NEAR(batch.mean().item<double>(), 1.0, 0.06);
    EXPECT_NEAR(batch.eq(0).to(at::kDouble).mean().item<double>(), 0.25, 0.05);
  }
  EXPECT_TRUE(at::equal(drop_path(nullptr, branch, sequences, 0.25), branch));
}

TEST(PatchEmbed, IsTheOfficialConvolution) {
  torch::nn::Module module;
  const TubeletSize tubelet{2, 8};
  const PatchEmbed embed(module, "proj", 5, tubelet);
  torch::NoGradGuard no_grad;
  module.to(at::kDouble);
  embed.proj.weight.copy_(draw_double(embed.proj.weight.sizes()));
  embed.proj.bias.copy_(draw_double({5}, 5000));
  const Tensor clips = draw_double({2, 3, 5, 19, 24}, 9000);  // odd frames and pixels are left out
  const Tensor convolved = at::conv3d(clips, embed.proj.weight, embed.proj.bias, {2, 8, 8}).flatten(2).transpose(1, 2);
  EXPECT_TRUE(at::allclose(embed.forward(unfold_tubelets(clips, tubelet)), convolved));
  EXPECT_EQ(tubelet.grid(clips), (TokenGrid{2, 2, 3}));
  EXPECT_THROW(unfold_tubelets(draw_double({1, 3, 1, 16, 16}), tubelet), Error);
}

TEST(PatchEmbed, GathersEachSamplesOwnTokens) {
  const Tensor tokens = at::arange(12, at::kFloat).view({2, 3, 2});
  const Tensor rows = gather_tokens(tokens, at::tensor({2, 0, 1, 1}, at::kLong).view({2, 2}));
  EXPECT_TRUE(at::equal(rows, at::tensor({4., 5., 0., 1., 8., 9., 8., 9.}, at::kFloat).view({2, 2, 2})));
}

}  // namespace
}  // namespace foresee
