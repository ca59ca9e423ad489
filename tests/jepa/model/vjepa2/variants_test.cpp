// Claims: each difference between the official code and transformers is an option of its own; several levels and hidden
// states are views of one pass; published names lead to their sizes; the probe pools any number of tokens.
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/probe.h"
#include "tests/jepa/model/vjepa2/golden_vjepa2.h"

namespace foresee {
namespace {

struct Vjepa2Variant : testing::Test {
  static VideoEncoder made(const VideoEncoderConfig& config) {
    VideoEncoder encoder(config);
    golden_fill(encoder);
    return encoder;
  }
  torch::NoGradGuard no_grad;
};

TEST_F(Vjepa2Variant, PositionsOfTheImageSizeDifferOnlyOnOtherSizes) {
  auto config = golden_encoder();
  const VideoEncoder official = made(config);
  config.position_grid = PositionGrid::kImageSize;
  const VideoEncoder fixed = made(config);
  EXPECT_TRUE(at::equal(official.forward(golden_clip()), fixed.forward(golden_clip())));
  const Tensor wide = 2.0 * hash_fill({1, 3, 4, 48, 64}, 7);  // 3 x 4 patches, where the config says 3 x 3
  EXPECT_FALSE(at::allclose(official.forward(wide), fixed.forward(wide), 1e-3, 1e-3));
}

TEST_F(Vjepa2Variant, MaskingAfterTheBlocksPicksFromTheWholeClip) {
  auto config = golden_encoder();
  config.context_masking = ContextMasking::kAfterBlocks;
  const VideoEncoder encoder = made(config);
  const Tensor whole = encoder.forward(golden_clip());
  EXPECT_TRUE(at::equal(encoder.forward(golden_clip(), ids(kContext)), gather_tokens(whole, ids(kContext))));
  EXPECT_FALSE(at::allclose(made(golden_encoder()).forward(golden_clip(), ids(kContext)),
                            gather_tokens(whole, ids(kContext)), 1e-3, 1e-3));
}

TEST_F(Vjepa2Variant, AShortClipIsRepeatedOrRefused) {
  auto config = golden_encoder();
  const Tensor frame = golden_clip().narrow(2, 0, 1);
  EXPECT_THROW(made(config).forward(frame), Error);
  config.repeat_short_clips = true;
  const VideoEncoder encoder = made(config);
  EXPECT_TRUE(at::equal(encoder.forward(frame), encoder.forward(at::cat({frame, frame}, 2))));
}

TEST_F(Vjepa2Variant, HuggingFaceSetsAllOfThem) {
  const auto config = golden_encoder().hugging_face();
  EXPECT_EQ(config.position_grid, PositionGrid::kImageSize);
  EXPECT_EQ(config.context_masking, ContextMasking::kAfterBlocks);
  EXPECT_TRUE(config.repeat_short_clips);
}

TEST_F(Vjepa2Variant, LevelsAreNormedAndTheLastIsTheOutput) {
  const VideoEncoder encoder = made(golden_encoder());
  const std::vector<int64_t> layers{1, 0};
  const auto levels = encoder.forward_levels(golden_clip(), layers);
  ASSERT_EQ(levels.size(), 2u);
  EXPECT_TRUE(at::equal(levels[0], encoder.forward(golden_clip())));
  const auto states = encoder.hidden_states(golden_clip());
  ASSERT_EQ(states.size(), 3u);
  EXPECT_TRUE(at::equal(levels[1], encoder.norm().layer_norm(states[1], 1e-6)));
  EXPECT_TRUE(at::equal(levels[0], encoder.norm().layer_norm(states[2], 1e-6)));
  const auto masked = encoder.forward_levels(golden_clip(), layers, ids(kContext));
  EXPECT_TRUE(at::equal(masked[0], encoder.forward(golden_clip(), ids(kContext))));
  for (const std::vector<int64_t>& wrong : {std::vector<int64_t>{}, {2}, {-1}, {0, 0}})
    EXPECT_THROW(encoder.forward_levels(golden_clip(), wrong), Error);
}

TEST(Vjepa2Preset, KnowsEveryPublishedModelByName) {
  for (const auto& model : published_models()) {
    const auto config = vjepa2_preset(std::string(model.name));
    EXPECT_EQ(config.encoder.image_size, model.image_size) << model.name;
    EXPECT_EQ(config.encoder.repeat_short_clips, model.hugging_face) << model.name;
    EXPECT_EQ(config.encoder.width, video_encoder_preset(std::string(model.encoder)).width) << model.name;
  }
  EXPECT_EQ(vjepa2_preset("facebook/vjepa2-vitg-fpc64-384").encoder.grid(), (TokenGrid{32, 24, 24}));
  EXPECT_EQ(vjepa2_preset("vitl.pt").encoder.frames, 64);
  EXPECT_EQ(vjepa2_preset("vit_large").predictor.parameter_count(1024), 22086016);
  EXPECT_THROW(vjepa2_preset("vjepa2-vitl-fpc64-265"), ConfigError);
}

int64_t parameters_of(const AttentiveProbe& probe) {
  int64_t total = 0;
  for (const auto& parameter : probe.parameters()) total += parameter.numel();
  return total;
}

TEST(AttentiveProbe, HasThePublishedSizes) {
  ProbeConfig large, giant;
  giant.width = 1408;
  EXPECT_EQ(large.parameter_count(), 49514670);
  EXPECT_EQ(giant.parameter_count(), 93494190);
  ProbeConfig small;
  small.width = 32;
  small.heads = 4;
  small.depth = 1;
  small.outputs = {"verb_classifier", "noun_classifier"};
  small.classes = {3, 4};
  EXPECT_EQ(parameters_of(AttentiveProbe(small)), small.parameter_count());
}

TEST(AttentiveProbe, StartsAsUpstream) {
  ProbeConfig config;
  config.width = 128;
  config.heads = 4;
  AttentiveProbe probe(config);
  probe.initialise(5);
  const auto weights = state_dict(probe);
  const auto spread = [&](const char* name) { return weights.at(name).std().item<double>(); };
  EXPECT_NEAR(spread("pooler.cross_attention_block.mlp.fc2.weight"), 0.02 / std::sqrt(6.0), 2e-4);
  EXPECT_NEAR(spread("pooler.blocks.1.mlp.fc2.weight"), 0.02 / std::sqrt(4.0), 2e-4);
  EXPECT_NEAR(spread("pooler.cross_attention_block.xattn.kv.weight"), 0.02, 3e-4);
  EXPECT_NEAR(spread("pooler.query_tokens"), 0.02, 6e-3);
}

TEST(AttentiveProbe, EachOutputHasItsOwnQueryAndTokenOrderDoesNotMatter) {
  torch::NoGradGuard no_grad;
  ProbeConfig config;
  config.width = 32;
  config.heads = 4;
  config.depth = 2;
  config.outputs = {"verb_classifier", "noun_classifier", "action_classifier"};
  config.classes = {3, 4, 5};
  AttentiveProbe probe(config);
  golden_fill(probe);
  const Tensor tokens = hash_fill({2, 6, 32}, 3);
  const auto logits = probe.forward(tokens);
  ASSERT_EQ(logits.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(logits[i].size(1), config.classes[i]);
  EXPECT_FALSE(at::allclose(probe.pool(tokens).select(1, 0), probe.pool(tokens).select(1, 1)));
  EXPECT_TRUE(at::allclose(probe.forward(tokens.flip(1))[2], logits[2], 1e-9, 1e-9));
  EXPECT_THROW(probe.forward(hash_fill({2, 6, 31}, 3)), Error);
}

TEST(AttentiveProbe, RefusesOutputsWithoutClasses) {
  ProbeConfig config;
  config.classes = {};
  EXPECT_THROW(AttentiveProbe{config}, ConfigError);
  config.classes = {3, 4};
  config.outputs = {"a", "a"};
  EXPECT_THROW(AttentiveProbe{config}, ConfigError);
}

}  // namespace
}  // namespace foresee
