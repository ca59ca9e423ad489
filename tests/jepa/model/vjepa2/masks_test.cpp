// Claims about masks and about the diagnostics of collapse.
#include "jepa/model/vjepa2/masks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/loss/collapse.h"
#include "jepa/loss/vicreg.h"

namespace foresee {
namespace {

constexpr TokenGrid kGrid{4, 8, 8};

MaskPair draw(const MaskConfig& config, int64_t batch, uint64_t seed = 0, const TokenGrid& grid = kGrid) {
  auto sizes = cpu_generator(seed), places = cpu_generator(seed + 100);
  return sample_masks(config, grid, sample_mask_block(config, grid, sizes), batch, places);
}

std::set<int64_t> row(const Tensor& ids, int64_t b) {
  const Tensor one = ids[b].contiguous();
  return {one.data_ptr<int64_t>(), one.data_ptr<int64_t>() + one.numel()};
}

TEST(Masks, OfASingleClipPartitionItsTokens) {
  for (const auto& config : {MaskConfig(), MaskConfig::long_range()})
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const MaskPair masks = draw(config, 1, seed);
      auto all = row(masks.context, 0);
      const auto target = row(masks.target, 0);
      EXPECT_EQ(static_cast<int64_t>(all.size()), masks.context.size(1));
      all.insert(target.begin(), target.end());
      EXPECT_EQ(static_cast<int64_t>(all.size()), kGrid.tokens());
      EXPECT_EQ(masks.context.size(1) + masks.target.size(1), kGrid.tokens());
    }
}

TEST(Masks, OfABatchAreAscendingDisjointAndOfOneLength) {
  const MaskPair masks = draw(MaskConfig(), 16);
  for (int64_t b = 0; b < 16; ++b) {
    const auto context = row(masks.context, b);
    for (const int64_t id : row(masks.target, b)) EXPECT_FALSE(context.contains(id));
    EXPECT_TRUE((masks.context[b].diff() > 0).all().item<bool>());
    EXPECT_TRUE((masks.target[b].diff() > 0).all().item<bool>());
  }
}

TEST(Masks, AreTubesThroughTime) {
  const MaskPair masks = draw(MaskConfig::long_range(), 1);
  const auto target = row(masks.target, 0);
  const int64_t area = kGrid.height * kGrid.width;
  for (const int64_t id : target)
    for (int64_t t = 0; t < kGrid.time; ++t) EXPECT_TRUE(target.contains(id % area + t * area));
}

TEST(Masks, DependOnTheGivenGeneratorsOnly) {
  const MaskPair a = draw(MaskConfig(), 3, 4);
  torch::manual_seed(99);
  const MaskPair b = draw(MaskConfig(), 3, 4);
  EXPECT_TRUE(at::equal(a.context, b.context) && at::equal(a.target, b.target));
}

TEST(Masks, ContextStaysWithinItsShareOfTheTime) {
  MaskConfig config;
  config.max_temporal_keep = 0.5;
  EXPECT_LT(draw(config, 4).context.max().item<int64_t>(), kGrid.tokens() / 2);
}

TEST(Masks, TooSmallAGridIsAClearError) {
  EXPECT_THROW(draw(MaskConfig(), 1, 0, {2, 2, 2}), Error);  // 0.15 of four patches: no block
  MaskConfig everything;
  everything.spatial_scale = {1.0, 1.0};
  everything.aspect_ratio = {1.0, 1.0};
  EXPECT_THROW(draw(everything, 1), Error);  // no context is ever left
  EXPECT_THROW(parse_config<MaskConfig>({{"spatial_scale", {0.5, 0.2}}}, "masks"), ConfigError);
  EXPECT_THROW(parse_config<MaskConfig>({{"num_block", 3}}, "masks"), ConfigError);
}

Tensor normal(at::IntArrayRef shape) { return Random(3, Stream::kTest).normal_tensor(shape); }

TEST(EffectiveRank, CountsTheDimensionsThatVary) {
  const Tensor x = normal({5000, 16});
  EXPECT_NEAR(effective_rank(x), 16, 0.1);
  EXPECT_NEAR(effective_rank(x.view({10, 500, 16})), effective_rank(x), 1e-9);
  EXPECT_NEAR(effective_rank(at::cat({x.narrow(1, 0, 3), at::zeros({5000, 13})}, 1)), 3, 0.05);
  EXPECT_NEAR(effective_rank(x * 7 + 100), effective_rank(x), 1e-4);  // neither scale nor offset counts
  EXPECT_EQ(effective_rank(at::ones({10, 4})), 0);
  // Variances 4 : 1 are shares 0.8 and 0.2.
  const Tensor two = at::tensor({2., 0., -2., 0., 0., 1., 0., -1.}, at::kDouble).view({4, 2});
  EXPECT_NEAR(effective_rank(two), std::exp(0.8 * std::log(1 / 0.8) + 0.2 * std::log(1 / 0.2)), 1e-9);
}

TEST(MeanStd, IsTheStdOfADimension) {
  EXPECT_NEAR(mean_std(normal({5000, 8}) * 0.5 + 3), 0.5, 0.01);
  EXPECT_EQ(mean_std(at::ones({10, 4})), 0);
}

TEST(Vicreg, IsZeroForIndependentDimensionsOfUnitVariance) {
  const Tensor x = normal({20000, 8});
  EXPECT_LT(vicreg_terms(x).variance.item<double>(), 0.01);
  EXPECT_LT(vicreg_terms(x).covariance.item<double>(), 0.01);
  EXPECT_NEAR(vicreg_terms(x * 0.1).variance.item<double>(), 0.9, 0.01);
  const Tensor copies = x.narrow(1, 0, 1).expand({20000, 8});
  EXPECT_NEAR(vicreg_terms(copies).covariance.item<double>(), 7, 0.3);  // 8 * 7 covariances of 1, over 8
}

TEST(Vicreg, HasTheGradientOfItsFormula) {
  const Tensor x = (normal({6, 3}).to(at::kDouble) * 0.5).requires_grad_();
  const auto value = [](const Tensor& z) { return vicreg_terms(z).variance + vicreg_terms(z).covariance; };
  const Tensor gradient = torch::autograd::grad({value(x)}, {x})[0];
  torch::NoGradGuard no_grad;
  for (int64_t i = 0; i < x.numel(); ++i) {
    Tensor step = at::zeros({18}, at::kDouble);
    step[i] = 1e-6;
    const Tensor difference = (value(x + step.view({6, 3})) - value(x - step.view({6, 3}))) / 2e-6;
    EXPECT_NEAR(gradient.flatten()[i].item<double>(), difference.item<double>(), 1e-7);
  }
}

}  // namespace
}  // namespace foresee
