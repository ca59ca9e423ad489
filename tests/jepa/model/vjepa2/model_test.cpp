// Claims: presets have the official sizes; masks restrict what a token sees; initial weights depend on the seed only.
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/vjepa2.h"
#include "tests/jepa/model/vjepa2/golden_vjepa2.h"

namespace foresee {
namespace {

TEST(VideoEncoder, PresetsHaveTheOfficialSizes) {
  const std::vector<std::pair<std::string, int64_t>> official{
      {"vit_tiny", 5633856},     {"vit_small", 21884544},      {"vit_base", 86236416},
      {"vit_large", 303885312},  {"vit_huge", 631648000},      {"vit_giant_xformers", 1012173952},
      {"vit_giant", 1012173952}, {"vit_gigantic", 1598483328}, {"vit_gigantic_xformers", 1598483328}};
  for (const auto& [name, count] : official) EXPECT_EQ(video_encoder_preset(name).parameter_count(), count) << name;
  EXPECT_EQ(video_encoder_preset("vit_giant_xformers").block().mlp, 6144);
  EXPECT_EQ(video_encoder_preset("vit_giant_xformers").heads, 22);
  EXPECT_THROW(video_encoder_preset("vit_gigant"), ConfigError);
}

int64_t count(const torch::nn::Module& module) {
  int64_t total = 0;
  for (const auto& parameter : module.parameters()) total += parameter.numel();
  return total;
}

TEST(VideoEncoder, ParameterCountIsThatOfTheModule) {
  for (const char* name : {"vit_synthetic", "vit_tiny", "vit_small"}) {
    const auto config = video_encoder_preset(name);
    EXPECT_EQ(count(VideoEncoder(config)), config.parameter_count()) << name;
  }
  const auto large = video_encoder_preset("vit_large");
  const MaskedPredictorConfig predictor;
  EXPECT_EQ(count(MaskedPredictor(predictor, large)), 22086016);
  EXPECT_EQ(predictor.parameter_count(1024), 22086016);
  EXPECT_EQ(predictor.parameter_count(1280), 22282880);
  EXPECT_EQ(predictor.parameter_count(1408), 22381312);
}

TEST(VideoEncoder, HeldBackTokensCannotBeSeen) {
  torch::NoGradGuard no_grad;
  VideoEncoder encoder(golden_encoder());
  golden_fill(encoder);
  const Tensor clip = golden_clip(), masked = encoder.forward(clip, ids(kContext));
  Tensor changed = clip.clone();
  changed.narrow(3, 0, 16).narrow(4, 16, 16).add_(1.0);  // row 0, column 1 of every frame: ids 1, 10, 19
  EXPECT_FALSE(at::allclose(encoder.forward(changed, ids(kContext)), masked));
  EXPECT_TRUE(
      at::equal(encoder.forward(changed, ids({0, 4, 5, 20, 26})), encoder.forward(clip, ids({0, 4, 5, 20, 26}))));
}

TEST(VideoEncoder, PositionsFollowAClipOfAnotherShape) {
  torch::NoGradGuard no_grad;
  VideoEncoder encoder(golden_encoder());
  golden_fill(encoder);
  const Tensor wide = 2.0 * hash_fill({1, 3, 4, 32, 80}, 7);
  const Tensor all = encoder.forward(wide);
  EXPECT_EQ(all.sizes(), (std::vector<int64_t>{1, 2 * 2 * 5, 64}));
  std::vector<int64_t> every(20);
  std::iota(every.begin(), every.end(), 0);
  EXPECT_TRUE(at::allclose(encoder.forward(wide, ids(every)), all));
}

TEST(VideoEncoder, InitialWeightsDependOnTheSeedOnly) {
  const auto config = golden_encoder();
  VideoEncoder a(config), b(config), c(config);
  const Tensor global = at::detail::getDefaultCPUGenerator().get_state();
  a.initialise(3);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  b.initialise(3);
  at::set_num_threads(threads);
  c.initialise(4);
  EXPECT_TRUE(at::equal(at::detail::getDefaultCPUGenerator().get_state(), global));
  const auto pa = state_dict(a), pb = state_dict(b), pc = state_dict(c);
  for (const auto& [name, value] : pa) EXPECT_TRUE(at::equal(value, pb.at(name))) << name;
  EXPECT_FALSE(at::equal(pa.at("blocks.1.mlp.fc1.weight"), pc.at("blocks.1.mlp.fc1.weight")));
  // Upstream: std 0.02, and less by sqrt(2 (i + 1)) for the maps that write into the residual stream.
  EXPECT_NEAR(pa.at("blocks.1.mlp.fc1.weight").std().item<double>(), 0.02, 5e-4);
  EXPECT_NEAR(pa.at("blocks.1.mlp.fc2.weight").std().item<double>(), 0.01, 3e-4);
  EXPECT_NEAR(pa.at("blocks.0.attn.proj.weight").std().item<double>(), 0.02 / std::sqrt(2.0), 5e-4);
  EXPECT_EQ(pa.at("blocks.0.attn.qkv.bias").abs().max().item<double>(), 0);
  EXPECT_EQ(pa.at("norm.weight").min().item<double>(), 1);
}

// app/vjepa_2_1/models: hierarchical_layers of depths 12, 24 and 40.
TEST(MaskedPredictor, LevelsAreEvenlySpacedBlocksAsInVersionTwoPointOne) {
  const MaskedPredictorConfig config{.levels = 4};
  EXPECT_EQ(config.layers(12), (std::vector<int64_t>{2, 5, 8, 11}));
  EXPECT_EQ(config.layers(24), (std::vector<int64_t>{5, 11, 17, 23}));
  EXPECT_EQ(config.layers(40), (std::vector<int64_t>{9, 19, 29, 39}));
  EXPECT_TRUE(MaskedPredictorConfig().layers(12).empty());
}

TEST(MaskedPredictor, SeveralLevelsComeInAndGoOutAndTheContextHasItsOwnOutput) {
  const auto encoder = video_encoder_preset("vit_tiny");
  const MaskedPredictorConfig config{.width = 24, .depth = 1, .heads = 2, .levels = 3, .context_output = true};
  MaskedPredictor predictor(config, encoder);
  EXPECT_EQ(count(predictor), config.parameter_count(encoder.width));
  const auto names = state_dict(predictor);
  for (const char* name : {"predictor_embed.0.weight", "predictor_embed.2.weight", "predictor_proj_context.weight"})
    EXPECT_TRUE(names.contains(name)) << name;
  predictor.initialise(3);
  const torch::NoGradGuard no_grad;
  const MaskedQuery query{hash_fill({1, 2, 3 * encoder.width}, 9).to(at::kFloat), ids({0, 5}), ids({1, 2, 3})};
  const Tensor hidden = predictor.forward({&query, 1}, 0).front();
  const Tensor both = predictor.forward({&query, 1}, 0, /*with_context=*/true).front();
  EXPECT_EQ(hidden.sizes(), (at::IntArrayRef{1, 3, 3 * encoder.width}));
  ASSERT_EQ(both.sizes(), (at::IntArrayRef{1, 5, 3 * encoder.width}));
  EXPECT_TRUE(at::allclose(both.narrow(1, 2, 3), hidden, 1e-5, 1e-6));
  for (auto& entry : predictor.named_parameters())
    if (entry.key() == "predictor_proj_context.bias") entry.value().add_(1);
  const Tensor moved = predictor.forward({&query, 1}, 0, /*with_context=*/true).front() - both;
  EXPECT_TRUE(at::allclose(moved.narrow(1, 0, 2), at::ones({1, 2, 3 * encoder.width}), 1e-5, 1e-5));
  EXPECT_EQ(moved.narrow(1, 2, 3).abs().max().item<double>(), 0);
}

TEST(MaskedPredictor, TheOrderOfTokensDoesNotMatter) {
  torch::NoGradGuard no_grad;
  MaskedPredictor predictor(golden_predictor(), golden_encoder());
  golden_fill(predictor);
  const Tensor context = hash_fill({1, 6, 64}, 9);
  const Tensor order = at::tensor({3, 1, 5, 0, 2, 4}, at::kLong), back = at::tensor({3, 2, 1, 0}, at::kLong);
  const Tensor straight = predictor.forward(context, ids(kContext), ids(kTarget), 0);
  const Tensor shuffled = predictor.forward(context.index_select(1, order), ids(kContext).index_select(1, order),
                                            ids(kTarget).index_select(1, back), 0);
  EXPECT_TRUE(at::allclose(shuffled.index_select(1, back), straight, 1e-9, 1e-9));
}

TEST(MaskedPredictor, MaskTokensStartAtZeroAsPublished) {
  MaskedPredictor predictor(golden_predictor(), golden_encoder());
  predictor.initialise(1);
  EXPECT_EQ(state_dict(predictor).at("mask_tokens.0").abs().max().item<double>(), 0);
  auto config = golden_predictor();
  config.zero_init_mask_tokens = false;
  MaskedPredictor random(config, golden_encoder());
  random.initialise(1);
  EXPECT_GT(state_dict(random).at("mask_tokens.0").abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace foresee
