// Claims: the networks give the values that the official code gave (reference section 9); presets have the official
// sizes; masks restrict what a token sees; initial weights depend on the seed only.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "jepa/core/error.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2.h"

namespace foresee {
namespace {

// The deterministic fill of the recorded golden values: an integer hash of element e of tensor p, in [-0.5, 0.5).
Tensor hash_fill(at::IntArrayRef shape, uint32_t p) {
  Tensor out = at::empty(shape, at::kDouble);
  for (int64_t e = 0; e < out.numel(); ++e) {
    uint32_t h = static_cast<uint32_t>(e) * 2654435761u + p * 40503u + 12345u;
    h ^= h >> 15;
    h *= 2246822519u;
    h ^= h >> 13;
    out.data_ptr<double>()[e] = static_cast<double>(h) / 4294967296.0 - 0.5;
  }
  return out;
}

// p counts the tensors in the order of the module's parameters.
void fill(torch::nn::Module& module) {
  torch::NoGradGuard no_grad;
  module.to(at::kDouble);
  uint32_t p = 0;
  for (auto& entry : module.named_parameters()) {
    const Tensor u = hash_fill(entry.value().sizes(), p++);
    const bool weight = entry.key().ends_with(".weight");
    entry.value().copy_(weight && u.dim() == 1 ? 1.0 + 0.2 * u : weight ? 0.5 * u : 0.2 * u);
  }
}

VideoEncoderConfig golden_encoder() {
  VideoEncoderConfig config;
  config.image_size = 48;
  config.frames = 6;
  config.width = 64;
  config.depth = config.heads = 2;
  return config;
}

MaskedPredictorConfig golden_predictor() {
  MaskedPredictorConfig config;
  config.width = 32;
  config.depth = config.heads = 2;
  config.mask_tokens = 3;
  return config;
}

Tensor golden_clip() { return 2.0 * hash_fill({1, 3, 6, 48, 48}, 1000); }
Tensor ids(std::vector<int64_t> values) { return at::tensor(values, at::kLong).unsqueeze(0); }
const std::vector<int64_t> kContext{0, 4, 5, 10, 20, 26}, kTarget{1, 13, 25, 2};

void expect_golden(const Tensor& value, double sum, double abs_sum, const std::vector<double>& first,
                   const std::vector<double>& last) {
  EXPECT_NEAR(value.sum().item<double>(), sum, 1e-7);
  EXPECT_NEAR(value.abs().sum().item<double>(), abs_sum, 1e-7);
  const Tensor flat = value.flatten();
  for (int64_t i = 0; i < 4; ++i) EXPECT_NEAR(flat[i].item<double>(), first[static_cast<size_t>(i)], 1e-7);
  for (size_t i = 0; i < last.size(); ++i)
    EXPECT_NEAR(flat[flat.size(0) - 4 + static_cast<int64_t>(i)].item<double>(), last[i], 1e-7);
}

struct Vjepa2Golden : testing::Test {
  torch::NoGradGuard no_grad;
};

TEST_F(Vjepa2Golden, HashFillIsTheRecordedOne) {
  EXPECT_NEAR(hash_fill({3}, 0)[1].item<double>(), 0.4666562881, 1e-9);
  EXPECT_NEAR(hash_fill({3}, 5)[2].item<double>(), 0.052205961, 1e-9);
}

TEST_F(Vjepa2Golden, EncoderGivesTheRecordedFeatures) {
  VideoEncoder encoder(golden_encoder());
  fill(encoder);
  expect_golden(encoder.forward(golden_clip()), 12.03427190, 1376.35389661,
                {-0.41344095, 1.27104591, 1.55338207, 0.0789647}, {-1.27555077, 0.70842747, 1.07558038, 0.56135663});
}

TEST_F(Vjepa2Golden, MaskedEncoderGivesTheRecordedFeatures) {
  VideoEncoder encoder(golden_encoder());
  fill(encoder);
  expect_golden(encoder.forward(golden_clip(), ids(kContext)), 4.09861645, 305.13367629,
                {-0.44828865, 1.31918266, 1.71463505, -0.00926545}, {-1.78440909, 0.94602952, 1.06197835, 0.82315535});
}

TEST_F(Vjepa2Golden, PredictorGivesTheRecordedFeaturesForEachMaskToken) {
  VideoEncoder encoder(golden_encoder());
  MaskedPredictor predictor(golden_predictor(), golden_encoder());
  fill(encoder);
  fill(predictor);
  const Tensor context = encoder.forward(golden_clip(), ids(kContext));
  expect_golden(predictor.forward(context, ids(kContext), ids(kTarget), 0), -6.04710886, 166.12526677,
                {1.63380501, -1.11615774, 0.30231148, -0.52360806}, {0.78971178, -0.58566169, -0.90243649, 0.13194209});
  expect_golden(predictor.forward(context, ids(kContext), ids(kTarget), 1), -14.06517504, 155.18189058,
                {0.5256584, -1.01941117, -0.1126209, -0.32682257}, {-0.70626699, -0.25601008, -1.81843855, 1.53031867});
}

TEST_F(Vjepa2Golden, InterleavedAnglesGiveOtherFeatures) {
  auto config = golden_encoder();
  config.rope_angles = RopeAngles::kInterleaved;
  VideoEncoder encoder(config);
  fill(encoder);
  expect_golden(encoder.forward(golden_clip()), 11.38537640, 1373.13835042,
                {-0.35495462, 1.34161466, 1.61890785, 0.10254804}, {});
}

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
  fill(encoder);
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
  fill(encoder);
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

TEST(MaskedPredictor, TheOrderOfTokensDoesNotMatter) {
  torch::NoGradGuard no_grad;
  MaskedPredictor predictor(golden_predictor(), golden_encoder());
  fill(predictor);
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
