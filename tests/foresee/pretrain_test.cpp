// Claims: pretrain() learns from a video and prints nothing, ends when it is asked to with a checkpoint that the same
// request goes on from bit for bit, and names what is missing or contradicts the settings.
#include "foresee/pretrain.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "foresee/scenes.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/metrics.h"
#include "tests/data/video/numbered_video.h"
#include "tests/support/damaged_list.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

const fs::path& video() {
  static const TemporaryFolder folder;
  static const fs::path path = data::write_numbered(folder.path(), {.name = "numbers.mp4", .frames = 120});
  return path;
}

PretrainRequest small_request(const fs::path& out) {
  PretrainRequest request{.data = {video()}, .steps = 4, .checkpoint_every = 2, .out = out};
  request.options = {.device = Device::kCpu, .seed = 5, .threads = 1};
  request.options.settings.set = {"loader.batch=2",        "held_out_clips=4", "loop.keep_checkpoints=9",
                                  "model.encoder.depth=1", "loader.workers=1", "model.predictor.depth=1"};
  return request;
}

/// The member that a request is refused for.
std::string field_of(const PretrainRequest& request) {
  return refused_member([&] { pretrain(request); });
}

TEST(Pretrain, StopsWhenAskedAndGoesOnToTheSameBits) {
  const TemporaryFolder folder;
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const PretrainResult whole = pretrain(small_request(folder / "whole"));
  StopAfter stop(1, "train");
  const PretrainResult part = pretrain(small_request(folder / "parts"), stop.control());
  const PretrainResult rest = pretrain(small_request(folder / "parts"));
  EXPECT_EQ(::testing::internal::GetCapturedStdout() + ::testing::internal::GetCapturedStderr(), "");

  EXPECT_EQ(whole.steps, 4);
  EXPECT_FALSE(whole.interrupted);
  EXPECT_GT(whole.frames_per_second, 0);
  EXPECT_TRUE(says(whole.hold_out_rule, "held out"));
  ASSERT_FALSE(whole.start.empty());
  EXPECT_EQ(whole.start.front().first, "skill");
  ASSERT_FALSE(whole.held_out.empty());
  EXPECT_NE(whole.held_out.front().second, whole.start.front().second);
  ASSERT_FALSE(stop.updates.empty());
  EXPECT_TRUE(part.interrupted);
  EXPECT_LT(part.steps, 4);
  EXPECT_TRUE(fs::exists(part.model / "model.safetensors")) << part.model;
  EXPECT_EQ(rest.steps, 4);
  for (const char* file : {"model.safetensors", "targets.json", "target_encoder.safetensors", "optimizer.safetensors"})
    EXPECT_EQ(read_file(whole.model / file), read_file(rest.model / file)) << file;
}

TEST(Pretrain, GoesOnWithVideosThatWereMoved) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "here");
  fs::copy_file(video(), folder / "here/a.mp4");
  data::write_numbered(folder / "here", {.name = "b.mp4", .frames = 90});
  PretrainRequest request = small_request(folder / "whole");
  request.data = {folder / "here"};
  const PretrainResult whole = pretrain(request);
  request.out = folder / "parts";
  StopAfter stop(1, "train");
  ASSERT_TRUE(pretrain(request, stop.control()).interrupted);

  fs::create_directories(folder / "there");
  fs::rename(folder / "here", folder / "there/deep");
  fs::rename(folder / "there/deep/a.mp4", folder / "there/deep/z.mp4");
  request.data = {folder / "there"};
  const PretrainResult rest = pretrain(request);
  EXPECT_EQ(rest.steps, 4);
  EXPECT_EQ(read_file(whole.model / "model.safetensors"), read_file(rest.model / "model.safetensors"));

  data::write_numbered(folder / "there/deep", {.name = "b.mp4", .frames = 60});
  request.steps = 6;
  EXPECT_TRUE(says(refusal_of<Error>([&] { pretrain(request); }), "was started with videos"));
}

TEST(Pretrain, RunFoldersHoldTheOriginThenTheRecipe) {
  const TemporaryFolder folder;
  PretrainRequest request = small_request(folder / "run");
  request.steps = 1;
  pretrain(request);
  const auto record = nlohmann::ordered_json::parse(read_file(folder / "run" / "config.json"));
  std::vector<std::string> keys;
  for (const auto& [key, value] : record.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"family", "preset", "seed", "videos", "model", "masks", "optimizer",
                                            "objective", "loader", "hold_out", "held_out_clips", "from", "loop"}));
  EXPECT_EQ(record["family"], "vjepa2");
  EXPECT_EQ(record["preset"], "vjepa2-nano");
  EXPECT_EQ(record["videos"], (std::vector<std::string>{video().string()}));
}

fs::path write_clip(const fs::path& path, const Tensor& frames) {
  data::write_video(path, frames);
  return path;
}

TEST(Pretrain, VideosThatShowNothingOrNeverChangeAreRefused) {
  const TemporaryFolder folder;
  const Tensor picture = data::numbered_frame(5).unsqueeze(0);  // [1, 3, H, W]
  PretrainRequest black = small_request(folder / "run"), still = black;
  black.data = {write_clip(folder / "black.mp4", at::zeros({40, 3, 48, 80}, at::kByte))};
  still.data = {write_clip(folder / "still.mp4", picture.repeat({40, 1, 1, 1}))};
  EXPECT_TRUE(says(refusal_of<DataError>([&] { pretrain(black); }), "the videos show nothing"));
  EXPECT_TRUE(says(refusal_of<DataError>([&] { pretrain(still); }), "the videos never change"));
  EXPECT_FALSE(fs::exists(folder / "run")) << "before training";
}

TEST(Pretrain, GoesOnWithVideosThatWereMovedUnlessWhatItRememberedIsDamaged) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "first");
  fs::copy(video(), folder / "first" / "numbers.mp4");
  PretrainRequest request = small_request(folder / "run");
  request.data = {folder / "first" / "numbers.mp4"};
  request.steps = 2;
  EXPECT_EQ(pretrain(request).steps, 2);
  fs::rename(folder / "first", folder / "second");
  request.data = {folder / "second" / "numbers.mp4"};
  request.steps = 4;
  expect_damage_is_named(folder / "run" / "videos.json", "videos", "path", [&] { pretrain(request); });
  EXPECT_EQ(pretrain(request).steps, 4);
}

TEST(Pretrain, FewerClipsThanABatchAreAWarningAndAreLearnedFrom) {
  const TemporaryFolder folder;
  PretrainRequest request = small_request(folder / "run");
  std::vector<Tensor> frames;
  for (int64_t i = 0; i < 16; ++i) frames.push_back(data::numbered_frame(i));
  request.data = {write_clip(folder / "one.mp4", at::stack(frames))};
  request.options.settings.set[0] = "loader.batch=8";
  const LogCapture log;
  EXPECT_EQ(pretrain(request).steps, 4);
  EXPECT_NE(log.text().find("clips that do not overlap, and a batch has 8"), std::string::npos) << log.text();
}

// A target that follows at once and no remedy: both networks agree on features that say nothing. The networks are those
// of the preset: one block alone collapses in part only. Scores come often: a collapse shows at several of them.
TEST(Pretrain, ARunMadeToCollapseCarriesTheFlagAndTheDefaultDoesNot) {
  const TemporaryFolder folder;
  make_scenes({.out = folder / "scenes", .clips = 60});
  PretrainRequest good = small_request(folder / "good");
  good.data = {folder / "scenes"};
  good.steps = 100;
  good.options.settings.set = {"held_out_clips=24", "loader.workers=1", "loop.evaluate_every=50"};
  PretrainRequest bad = good;
  bad.out = folder / "bad";
  bad.steps = 300;
  for (const char* setting : {"objective.regulariser=none", "optimizer.ema_start=0", "optimizer.ema_end=0"})
    bad.options.settings.set.emplace_back(setting);
  const LogCapture log;
  EXPECT_EQ(pretrain(good).flags, std::vector<std::string>());
  EXPECT_EQ(log.text().find("collapse"), std::string::npos) << log.text();
  EXPECT_EQ(pretrain(bad).flags, std::vector<std::string>{"collapse"});
  EXPECT_NE(log.text().find("the features collapse"), std::string::npos);
}

// A film in which little moves, and one in which the whole picture does; the generator's squares are above.
TEST(Pretrain, TheDefaultKeepsItsFeaturesApartAlsoWhereLittleMovesAndWhereAllDoes) {
  const TemporaryFolder folder;
  const Tensor axis = at::arange(64, at::kFloat);
  const auto film = [&](double pan) {  // waves that stand or drift, and a square that crosses them
    std::vector<Tensor> frames;
    for (int64_t t = 0; t < 400; ++t) {
      const double shift = pan * static_cast<double>(t);
      const Tensor ground = 100 + 50 * ((axis + shift) / 7).sin().unsqueeze(0) * (axis / 5).cos().unsqueeze(1);
      Tensor frame = at::stack({ground, ground.flip(0), 200 - ground});
      frame.narrow(1, (t / 2) % 56, 8).narrow(2, t % 56, 8).fill_(230);
      frames.push_back(frame.to(at::kByte));
    }
    return at::stack(frames);
  };
  for (const double pan : {0.0, 1.5}) {
    PretrainRequest request = small_request(folder / fmt::format("run-{}", pan));
    request.data = {write_clip(folder / fmt::format("film-{}.mp4", pan), film(pan))};
    request.steps = 150;
    request.options.settings.set = {"held_out_clips=24", "loader.workers=1", "loop.evaluate_every=50"};
    const PretrainResult result = pretrain(request);
    EXPECT_EQ(result.flags, std::vector<std::string>()) << pan;
    EXPECT_GT(metric(result.held_out, "between_clips"), 0.5 * metric(result.start, "between_clips")) << pan;
  }
}

TEST(Pretrain, WhatIsMissingOrContradictsTheSettingsIsNamed) {
  const TemporaryFolder folder;
  const auto asked = [&] { return small_request(folder / "never"); };
  std::vector<std::pair<std::string, PretrainRequest>> cases;
  cases.emplace_back("data", asked()).second.data.clear();
  cases.emplace_back("out", asked()).second.out.clear();
  cases.emplace_back("from", asked()).second.cool_down = true;
  cases.emplace_back("steps", asked()).second.steps = 0;
  cases.emplace_back("overwrite", asked()).second.options.overwrite = true;
  cases.emplace_back("seed", asked()).second.options.settings.set.emplace_back("seed=6");
  auto& preset = cases.emplace_back("preset", asked()).second;
  preset.preset = "vjepa2-nano";
  preset.options.settings.set.emplace_back("preset=vjepa2-l");
  auto& from = cases.emplace_back("from", asked()).second;
  from.from = "one";
  from.options.settings.set.emplace_back("from=another");
  for (const auto& [member, request] : cases) EXPECT_EQ(field_of(request), member);
  PretrainRequest unknown = asked();
  unknown.preset = "vjepa2-nono";
  EXPECT_TRUE(says(refusal_of<ConfigError>([&] { pretrain(unknown); }), "did you mean 'vjepa2-nano'?"));
  EXPECT_FALSE(fs::exists(folder / "never"));
}

}  // namespace
}  // namespace foresee
