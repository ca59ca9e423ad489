// Claims: probes find what features hold and nothing else; protocol features scores every factor of the generator, with
// random weights and pixels beside the model, prints nothing, and reads a list of labelled clips; what it does not use
// is refused.
#include "foresee/evaluate/features.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "data/video/encode.h"
#include "data/video/scene/render.h"
#include "foresee/evaluate/probes.h"
#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/model_folder.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/vjepa2.h"
#include "tests/support/refusal.h"
#include "tests/support/silence.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

/// Tokens of noise, [clips, 6, 16], of which the third holds the first class (of 3) of its clip.
ProbedClips clips_with_a_secret(int64_t clips, uint64_t part) {
  const Random random(3, Stream::kTest, part);
  ProbedClips out{random.normal_tensor({clips, 6, 16}), at::empty({clips, 2}, at::kLong)};
  for (int64_t i = 0; i < clips; ++i) {
    const auto draw = static_cast<uint64_t>(1000000 + 2 * i);
    out.classes[i][0] = random.integer(draw, 3);
    out.classes[i][1] = random.integer(draw + 1, 4);
    out.tokens[i][2][out.classes[i][0].item<int64_t>()].add_(8);
  }
  return out;
}

TEST(Probes, FindWhatFeaturesHoldAndNothingElse) {
  const auto answers = probe_features(clips_with_a_secret(1000, 1), clips_with_a_secret(300, 2), {3, 4}, {}, 0, {});
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_GT(answers[0].attentive.low, 0.9);
  EXPECT_GT(answers[0].linear.low, 0.8);
  EXPECT_LE(answers[1].attentive.low, 0.3) << "the second class is in no token";
  EXPECT_LE(answers[1].linear.low, 0.3);
  EXPECT_EQ(answers[0].attentive.n, 300);
}

TEST(Probes, ClipsHeldOutChooseTheRate) {
  const ProbeFit fit{.epochs = 20, .learning_rates = {3e-3, 0.0}};  // the last learns nothing
  const auto answers = probe_features(clips_with_a_secret(400, 1), clips_with_a_secret(300, 2), {3, 4}, fit, 0, {});
  EXPECT_GT(answers[0].attentive.low, 0.8);
}

TEST(Probes, PixelsBecomeOneTokenForEachOfTheEncoder) {
  const Tensor clips = at::zeros({2, 3, 4, 32, 32});
  clips[1].narrow(1, 2, 2).narrow(2, 8, 8).narrow(3, 16, 8).fill_(1);  // second time step, second row, third column
  const Tensor tokens = pixel_tokens(clips, {.frames = 2, .size = 8});
  EXPECT_EQ(tokens.sizes(), (at::IntArrayRef{2, 32, 2 * 3 * 16}));
  const Tensor values = tokens.sum(2);
  EXPECT_EQ(values[0].abs().sum().item<float>(), 0);
  EXPECT_EQ(values[1].nonzero().item<int64_t>(), 16 + 4 + 2);
  EXPECT_EQ(values[1][22].item<float>(), 96);
}

struct FeaturesProtocol : testing::Test {
  /// A model folder of random weights.
  fs::path model(uint64_t seed) const {
    Vjepa2Config config;
    config.encoder.image_size = 16;
    config.encoder.frames = 4;
    config.encoder.patch_size = 4;
    config.encoder.width = 24;
    config.encoder.depth = config.encoder.heads = 2;
    config.predictor.width = 24;
    config.predictor.depth = config.predictor.heads = config.predictor.mask_tokens = 2;
    VideoEncoder encoder(config.encoder);
    encoder.initialise(seed);
    ModelFolder out;
    out.family = "vjepa2";
    out.model = config_json(config);
    out.weights = state_dict(encoder);
    out.preprocess.size = 16;
    const fs::path path = folder / fmt::format("model-{}", seed);
    save_model_folder(path, out);
    return path;
  }
  EvaluateRequest request(uint64_t weights = 7) const {
    EvaluateRequest out{.model = model(weights), .protocol = "features"};
    out.options = {.device = Device::kCpu, .seed = 7, .threads = 1};
    return out;
  }
  TemporaryFolder folder;
};

TEST_F(FeaturesProtocol, ScoresEveryFactorBesideRandomWeightsAndPixels) {
  EvaluateRequest wanted = request();
  wanted.episodes = 40;
  wanted.out = folder / "out";
  EvaluateResult result;
  {
    const Silence silence;
    result = evaluate(wanted);
  }
  ASSERT_TRUE(result.features);
  EXPECT_EQ(result.features->clips, 40);
  EXPECT_EQ(result.features->train_clips, 80);
  std::vector<std::string> factors;
  for (const auto& factor : result.features->factors) {
    factors.push_back(factor.factor);
    for (const auto* probes : {&factor.model, &factor.random, &factor.pixels})
      for (const auto& rate : {probes->attentive, probes->linear}) {
        EXPECT_EQ(rate.n, 40);
        EXPECT_LE(rate.low, rate.rate);
        EXPECT_LE(rate.rate, rate.high);
      }
    // The model's weights are those that the seed gives: it must score as random weights do, to the last clip.
    EXPECT_EQ(factor.model.attentive.rate, factor.random.attentive.rate) << factor.factor;
    EXPECT_EQ(factor.model.linear.rate, factor.random.linear.rate) << factor.factor;
  }
  EXPECT_EQ(factors, (std::vector<std::string>{"direction", "speed", "count", "colour", "bounce", "occlusion"}));
  EXPECT_EQ(result.features->factors[0].chance, 0.25);
  EXPECT_EQ(result.features->factors[4].chance, 0.5);
  const auto written = nlohmann::json::parse(read_file(folder / "out/results.json"))["result"];
  EXPECT_EQ(written["protocol"], "features");
  for (const auto& factor : factors)
    for (const char* who : {"model", "random", "pixels"}) {
      EXPECT_EQ(written[factor][who]["n"], 40);
      EXPECT_TRUE(written[factor][who]["linear"].contains("low"));
    }
}

TEST_F(FeaturesProtocol, AskedForTheSameClipsItGivesTheSameNumbers) {
  EvaluateRequest wanted = request(8);
  wanted.episodes = 30;
  const auto once = evaluate(wanted).features, twice = evaluate(wanted).features;
  EXPECT_EQ(features_json(wanted, *once), features_json(wanted, *twice));
}

TEST_F(FeaturesProtocol, ReadsAListOfLabelledClips) {
  std::ofstream list(folder / "clips.csv");
  for (int64_t i = 0; i < 60; ++i) {
    const std::string file = fmt::format("{:02d}/camera.mp4", i);  // as recordings lie: one name in many folders
    fs::create_directory(folder / fmt::format("{:02d}", i));
    const data::SceneFactors factors{.count = 2, .colour = i % 2 == 0 ? 0 : 2};
    data::write_video(folder / file, data::render_scene(factors, 1, i, {.frames = 8, .height = 16, .width = 16}));
    list << (folder / file) << (i % 2 == 0 ? " red\n" : " blue\n");
  }
  list.close();
  EvaluateRequest wanted = request();
  wanted.data = {folder / "clips.csv"};
  const auto found = evaluate(wanted).features;
  ASSERT_TRUE(found);
  ASSERT_EQ(found->factors.size(), 1u);
  EXPECT_EQ(found->factors[0].factor, "label");
  EXPECT_EQ(found->clips + found->train_clips, 60);
  EXPECT_GT(found->clips, 8);
  EXPECT_LT(found->clips, 35);
  EXPECT_GE(found->factors[0].chance, 0.5);
  EXPECT_GT(found->factors[0].pixels.linear.rate, 0.8) << "the mean colour of the pixels tells";
}

// Two scenes of other colours: the pixels tell the video. Each gets brighter from frame to frame within every clip, so
// that they tell its direction too.
TEST_F(FeaturesProtocol, AsksOfVideosWithoutLabelsWhatWasDoneToTheirClips) {
  fs::create_directory(folder / "videos");
  for (int64_t video = 0; video < 2; ++video) {
    Tensor frames = at::zeros({240, 3, 32, 32}, at::kByte);
    for (int64_t t = 0; t < 240; ++t) frames[t][video].fill_(60 + 45 * (t % 4));
    data::write_video(folder / fmt::format("videos/{}.mp4", video), frames, {.fps_numerator = 12});
  }
  EvaluateRequest wanted = request();
  wanted.data = {folder / "videos"};
  const auto found = evaluate(wanted).features;
  ASSERT_TRUE(found);
  ASSERT_EQ(found->factors.size(), 3u);
  EXPECT_EQ(found->factors[0].factor, "video");
  EXPECT_EQ(found->factors[1].factor, "backwards");
  EXPECT_EQ(found->factors[2].factor, "order");
  EXPECT_EQ(found->factors[2].chance, 0.5);
  EXPECT_GT(found->train_clips, found->clips);
  EXPECT_GT(found->factors[0].pixels.linear.rate, 0.9);

  fs::remove(folder / "videos/1.mp4");
  EXPECT_THROW(evaluate(wanted), DataError) << "one video: there is nothing to tell apart";
}

TEST_F(FeaturesProtocol, AStopIsAnErrorAndLeavesNothing) {
  StopAfter stop(1);
  EvaluateRequest wanted = request();
  wanted.episodes = 40;
  wanted.out = folder / "out";
  EXPECT_THROW(evaluate(wanted, stop.control()), Error);
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST_F(FeaturesProtocol, WhatItDoesNotUseIsRefused) {
  const auto refused = [&](auto&& change) {
    EvaluateRequest wrong = request();
    change(wrong);
    return refused_member([&] { evaluate(wrong); });
  };
  EXPECT_EQ(refused([](auto& r) { r.model.clear(); }), "model");
  EXPECT_EQ(refused([](auto& r) { r.env = "two_room"; }), "env");
  EXPECT_EQ(refused([](auto& r) { r.methods = {"random"}; }), "methods");
  EXPECT_EQ(refused([](auto& r) { r.episodes = 1; }), "episodes");
  EXPECT_EQ(refused([](auto& r) { r.data = {"a.csv", "b.csv"}; }), "data");
  EXPECT_EQ(refused([](auto& r) { r.options.settings.set = {"budget=3"}; }), "settings");
}

}  // namespace
}  // namespace foresee
