// Claims: an encoder is asked what masked pretraining asked it, with the same numbers; protocol surprise shows it
// environments, generated scenes and listed pairs, and writes a row and a strip of pairs; pairs of scenes are equal up
// to the violation; lists name the line of a mistake; a world model is not shown what has no actions.
#include "foresee/evaluate/surprise/surprise.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "data/picture/image.h"
#include "data/video/encode.h"
#include "foresee/evaluate/surprise/listed_pairs.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/checkpoint_files.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/family/family.h"
#include "jepa/model/vjepa2/files/weights.h"
#include "jepa/train/masked/step.h"
#include "tests/support/refusal.h"
#include "tests/support/silence.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

constexpr const char *kEncoder = "tools/assets/encoder", *kWorldModel = "tools/assets/two_room";

ClipPredictor shipped_predictor() { return family_of(kEncoder).make_clip_predictor({.path = kEncoder}, at::kCPU); }

TEST(ClipPredictor, ExpectsAndFindsWhatPretrainingDid) {
  const Vjepa2Weights weights = read_vjepa2(kEncoder);
  EXPECT_EQ(weights.targets.steady, 0.3);
  MaskedPretrainer networks(weights.config, {}, 1);
  load_state_dict(networks.encoder(), weights.encoder, kEncoder);
  load_state_dict(networks.predictor(), weights.predictor, kEncoder);
  const fs::path target = fs::path(kEncoder) / checkpoint_files::kTargetEncoder;
  load_state_dict(networks.target_encoder(), load_safetensors(target), kEncoder);

  const Tensor clips = Random(3, Stream::kTest).normal_tensor({20, 3, 4, 32, 32});
  const auto ids = [&](int64_t first) { return (at::arange(16) + first).expand({20, 16}); };
  const PretrainBucket bucket{clips, {{ids(0), ids(16)}}};
  const torch::NoGradGuard no_grad;
  const PretrainForward trained = networks.forward({&bucket, 1}, {.steady = 0.3});
  const ClipExpectation asked = shipped_predictor().expect(clips);
  EXPECT_TRUE(at::allclose(asked.expected, trained.predictions[0][0], 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(asked.found, trained.targets[0], 1e-4, 1e-5));
}

TEST(ScenePairs, AreEqualUpToTheViolation) {
  const planner::Witness witness = planner::encoder_witness(shipped_predictor());
  std::vector<std::string> kinds;
  for (const PairSet& set : scene_pairs(witness, 4, 7)) {
    kinds.push_back(set.kind);
    for (int64_t i = 0; i < set.count; ++i) {
      const planner::ViolationPair pair = set.pair(i);
      ASSERT_EQ(pair.changed.sizes(), (at::IntArrayRef{12, 3, 32, 32}));
      EXPECT_TRUE(at::equal(pair.changed.narrow(0, 0, *pair.at), pair.unchanged.narrow(0, 0, *pair.at)));
      EXPECT_FALSE(at::equal(pair.changed[*pair.at], pair.unchanged[*pair.at])) << set.kind << " " << i;
    }
  }
  EXPECT_EQ(kinds, (std::vector<std::string>{"teleport", "teleport", "teleport", "colour", "stop", "vanish"}));
}

struct SurpriseProtocol : testing::Test {
  EvaluateRequest request(const char* model = kEncoder) const {
    EvaluateRequest out{.model = model, .protocol = "surprise"};
    out.options = {.device = Device::kCpu, .seed = 7, .threads = 1};
    return out;
  }
  /// A list of one pair of folders of pictures, one pair of videos and one of a kind of its own. In the impossible
  /// ones the picture turns from black to white.
  fs::path list() const {
    Tensor still = at::full({12, 3, 40, 40}, 20, at::kByte), flash = still.clone();
    flash.narrow(0, 6, 6).fill_(230);
    for (const auto& [name, frames] : {std::pair("still", still), std::pair("flash", flash)}) {
      data::write_video(folder / fmt::format("{}.mp4", name), frames, {.fps_numerator = 2});
      fs::create_directories(folder / name);
      for (int64_t t = 0; t < 12; ++t) data::write_image(folder / fmt::format("{}/{}.png", name, t), frames[t]);
    }
    return written("# possible impossible\nstill flash\n\n\"still.mp4\" flash.mp4\nstill flash light\n");
  }
  fs::path written(const std::string& text) const {
    write_file(folder / "pairs.txt", text);
    return folder / "pairs.txt";
  }
  TemporaryFolder folder;
};

TEST_F(SurpriseProtocol, ShowsScenesToAnEncoderAndWritesRowsAndStrips) {
  EvaluateRequest wanted = request();
  wanted.env = "scenes";
  wanted.episodes = 10;
  wanted.strips = 5;
  wanted.out = folder / "out";
  EvaluateResult result;
  {
    const Silence silence;
    result = evaluate(wanted);
  }
  ASSERT_TRUE(result.surprise);
  ASSERT_EQ(result.surprise->kinds.size(), 4u);
  const auto& teleport = result.surprise->kinds.front();
  EXPECT_EQ(teleport.model.n, 30);
  EXPECT_EQ(teleport.distances.size(), 3u);
  EXPECT_GT(teleport.distances.back().second.accuracy, 0.8);
  EXPECT_EQ(teleport.curve.size(), 4u);
  const auto file = nlohmann::json::parse(read_file(folder / "out/results.json"));
  EXPECT_EQ(file["result"]["env"], "scenes");
  EXPECT_EQ(file["pairs"].size(), 60u);
  EXPECT_EQ(file["pairs"][0]["changed"].size(), 5u);
  ASSERT_EQ(file["files"].size(), 5u);
  for (const auto& strip : file["files"]) EXPECT_TRUE(fs::exists(folder / "out" / strip.get<std::string>())) << strip;
  const bool missed = std::any_of(file["pairs"].begin(), file["pairs"].end(),
                                  [](const auto& row) { return !row["found"].template get<bool>(); });
  EXPECT_EQ(says(file["files"][0].get<std::string>(), "failure"), missed) << "pairs that were not told come first";
}

TEST_F(SurpriseProtocol, ShowsAnEncoderAnEnvironmentAndAsksItTheSameAgain) {
  EvaluateRequest wanted = request();
  wanted.episodes = 4;
  const auto once = evaluate(wanted).surprise, twice = evaluate(wanted).surprise;
  EXPECT_EQ(once->env, "two_room");
  EXPECT_EQ(once->kinds.size(), 5u);
  EXPECT_EQ(surprise_json(wanted, *once), surprise_json(wanted, *twice));
}

TEST_F(SurpriseProtocol, ReadsAListOfPairs) {
  EvaluateRequest wanted = request();
  wanted.data = {list()};
  const auto found = evaluate(wanted).surprise;
  ASSERT_TRUE(found);
  ASSERT_EQ(found->kinds.size(), 2u);
  EXPECT_EQ(found->kinds[0].kind, "pair");
  EXPECT_EQ(found->kinds[0].model.n, 2);
  EXPECT_EQ(found->kinds[0].model.accuracy, 1) << "a picture that turns white";
  EXPECT_EQ(found->kinds[0].pixels.accuracy, 1);
  EXPECT_EQ(found->kinds[1].kind, "light");
  EXPECT_EQ(surprise_json(wanted, *found)["data"], wanted.data.front().string());
}

TEST_F(SurpriseProtocol, OfAListNamesTheLineOfAMistake) {
  list();
  const auto refused = [&](const std::string& text) {
    EvaluateRequest wanted = request();
    wanted.data = {written(text)};
    return refusal_of<DataError>([&] { evaluate(wanted); });
  };
  EXPECT_TRUE(says(refused("still flash\nstill\n"), "line 2: expected POSSIBLE IMPOSSIBLE [KIND]"));
  EXPECT_TRUE(says(refused("a b c d\n"), "line 1: "));
  EXPECT_TRUE(says(refused("# none\n"), "no pair"));
  EXPECT_TRUE(says(refused("still absent.mp4\n"), "line 1: "));
  fs::remove(folder / "flash/3.png");
  EXPECT_TRUE(says(refused("still.mp4 flash.mp4\nstill flash\n"), "line 2: "));
  EXPECT_TRUE(says(refused("still flash\n"), "has 11"));
  fs::create_directory(folder / "empty");
  EXPECT_TRUE(says(refused("empty empty\n"), "no picture in this folder"));
  write_file(folder / "broken.mp4", "no video");
  EXPECT_TRUE(says(refused("still.mp4 flash.mp4\nbroken.mp4 broken.mp4\n"), "line 2: "));
  for (int64_t t = 3; t < 12; ++t) fs::remove(folder / fmt::format("still/{}.png", t));
  EXPECT_TRUE(says(refused("still still\n"), "it looks at 4 at once"));
  EXPECT_FALSE(refusal_of<DataError>([&] { read_pair_list(folder / "absent.txt"); }).empty());
}

TEST_F(SurpriseProtocol, WhatCannotBeAskedIsRefused) {
  const auto refused = [&](const char* model, auto&& change) {
    EvaluateRequest wrong = request(model);
    change(wrong);
    return refused_member([&] { evaluate(wrong); });
  };
  EXPECT_EQ(refused(kWorldModel, [](auto& r) { r.env = "scenes"; }), "env");
  EXPECT_EQ(refused(kWorldModel, [&](auto& r) { r.data = {list()}; }), "data");
  EXPECT_EQ(refused(kEncoder, [](auto& r) { r.env = "process"; }), "env");
  EXPECT_EQ(refused(kEncoder, [&](auto& r) { r.data = {"a.txt"}, r.env = "two_room"; }), "env");
  EXPECT_EQ(refused(kEncoder, [&](auto& r) { r.data = {"a.txt"}, r.episodes = 3; }), "episodes");
  EXPECT_EQ(refused(kEncoder, [&](auto& r) { r.data = {"a.txt", "b.txt"}; }), "data");
  EXPECT_EQ(refused(kEncoder, [](auto& r) { r.strips = -1; }), "strips");
  EXPECT_EQ(refused(kEncoder, [](auto& r) { r.methods = {"random"}; }), "methods");
  EXPECT_EQ(refused(kEncoder, [](auto& r) { r.model.clear(); }), "model");
}

TEST_F(SurpriseProtocol, AStopIsAnErrorAndLeavesNothing) {
  StopAfter stop(1);
  EvaluateRequest wanted = request();
  wanted.env = "scenes";
  wanted.episodes = 3;
  wanted.out = folder / "out";
  EXPECT_THROW(evaluate(wanted, stop.control()), Error);
  EXPECT_FALSE(fs::exists(folder / "out"));
}

}  // namespace
}  // namespace foresee
