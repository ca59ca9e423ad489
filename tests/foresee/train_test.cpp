// Claims: train() gives a result for every family, prints nothing, ends when it is asked to with a checkpoint that the
// same request goes on from bit for bit, and refuses what the family does not use or what the settings contradict.
#include "foresee/train.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "data/episode/sink.h"
#include "data/picture/image.h"
#include "foresee/train/lewm_data.h"
#include "foresee/train/recorded_sequences.h"
#include "foresee/train/trainers.h"
#include "jepa/core/files/file.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/io/model_folder.h"
#include "jepa/io/safetensors.h"
#include "jepa/model/world_model.h"
#include "planner/env/collect.h"
#include "tests/support/damaged_list.h"
#include "tests/support/refusal.h"
#include "tests/support/small_encoder.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

/// Data and models that all tests read, made once.
class Train : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    write_episodes(episodes(), 3);
    save_small_encoder(encoder());
    write_clips();
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static fs::path episodes() { return *folder_ / "episodes.npz"; }
  static fs::path encoder() { return *folder_ / "encoder"; }
  static fs::path clips() { return *folder_ / "clips.csv"; }

  static void write_episodes(const fs::path& path, uint64_t seed) {
    const auto sink = data::make_sink(data::SinkFormat::kNpz, path);
    for (const auto& episode : planner::generate_episodes({.max_steps = 40, .size = 16, .seed = seed}, 24))
      sink->add(episode);
    sink->commit();
  }

  static void write_clips() {
    std::ofstream list(clips());
    for (int64_t i = 0; i < 40; ++i) {
      Tensor picture = Random(1, Stream::kTest, static_cast<uint64_t>(i)).uniform_tensor({3, 20, 20}) * 120;
      picture[i % 2].add_(120);
      const std::string name = "clip " + std::to_string(i) + ".png";
      data::write_image(*folder_ / name, picture.to(at::kByte));
      list << name << (i % 2 == 0 ? " red" : " green") << "\n";
    }
  }

  static TrainRequest request_of(const std::string& family, const fs::path& out) {
    TrainRequest request{.family = family, .data = {episodes()}, .steps = 4, .checkpoint_every = 2, .out = out};
    request.options = {.device = Device::kCpu, .seed = 7, .threads = 1};
    auto& set = request.options.settings.set;
    set = {"loop.keep_checkpoints=9"};
    if (family == "lewm") {
      for (const char* text :
           {"train.batch=4", "model.vit.image_size=16", "model.vit.layers=1", "model.predictor.layers=1",
            "held_out_sequences=4", "held_out_horizon=1", "probe_frames=0"})
        set.emplace_back(text);
    } else if (family == "vjepa2_ac") {
      request.preset = "vjepa2-ac-s";
      request.encoder = encoder();
      for (const char* text : {"train.batch=2", "predictor.width=32", "predictor.depth=1", "predictor.heads=2",
                               "held_out_sequences=2", "held_out_horizon=1"})
        set.emplace_back(text);
    } else if (family == "probe") {
      request.data = {clips()};
      request.encoder = encoder();
      for (const char* text : {"frames=2", "probe.heads=2", "probe.depth=1"}) set.emplace_back(text);
    } else {
      request.init = *folder_ / "lewm";
      if (!fs::exists(request.init)) train(request_of("lewm", request.init));
      set.insert(set.end(), {"train.batch=16", "train.evaluated=16"});
    }
    return request;
  }

  /// What the request is refused for: member and message.
  static std::pair<std::string, std::string> refusal(const TrainRequest& request) {
    try {
      train(request);
    } catch (const RequestError& error) {
      return {error.member(), error.what()};
    }
    return {};
  }

  static std::unique_ptr<TemporaryFolder> folder_;
};
std::unique_ptr<TemporaryFolder> Train::folder_;

TEST_F(Train, WhatPlansKeepsWhatPlansAreJudgedByInItsLastCheckpoint) {
  for (const char* family : {"lewm", "lewm_heads", "vjepa2_ac"}) {
    SCOPED_TRACE(family);
    const TrainResult done = train(request_of(family, *folder_ / (std::string("judged ") + family)));
    EXPECT_TRUE(fs::exists(done.run / "checkpoints" / "step-2"));
    EXPECT_FALSE(fs::exists(done.run / "checkpoints" / "step-2" / kTrainingCostsFile)) << "it takes long";
    EXPECT_TRUE(read_json(done.model / "manifest.json").at("files").contains(kTrainingCostsFile));
    const auto kept = read_training_costs(done.model, 1, Objective::kLatent);
    ASSERT_TRUE(kept);
    EXPECT_GT(kept->recorded.numel(), 8);
    EXPECT_FALSE(read_training_costs(done.model, 1, Objective::kDistance)) << "costs of another objective";

    const auto model = load_world_model(done.model);  // the file is measured before there is a folder
    const data::EpisodeDataset dataset = open_episodes_of(model->picture_spec(), {episodes()});
    const auto again =
        recorded_sequences(*model, sequence_reader(*model, dataset), data::Split::kTrain, 1, Objective::kLatent);
    ASSERT_TRUE(again);
    EXPECT_TRUE(at::allclose(again->recorded, kept->recorded, 1e-4, 1e-4));
    EXPECT_TRUE(at::allclose(again->nothing, kept->nothing, 1e-4, 1e-4));
    EXPECT_TRUE(at::allclose(again->goals, kept->goals, 1e-3, 1e-3));
    EXPECT_TRUE(at::equal(again->episodes, kept->episodes));
  }
}

TEST_F(Train, AStopAlsoLeavesWhatPlansAreJudgedBy) {
  StopAfter stop(1, "train");
  const TrainResult part = train(request_of("lewm", *folder_ / "stopped and judged"), stop.control());
  EXPECT_TRUE(part.interrupted);
  EXPECT_TRUE(read_training_costs(part.model, 1, Objective::kLatent));
}

TEST_F(Train, EveryFamilyStopsWhenAskedAndGoesOnToTheSameBits) {
  for (const Trainer& trainer : trainers()) {
    SCOPED_TRACE(trainer.family);
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const TrainResult whole = train(request_of(trainer.family, *folder_ / (trainer.family + " whole")));
    const TrainRequest request = request_of(trainer.family, *folder_ / (trainer.family + " parts"));
    StopAfter stop(1, "train");
    const TrainResult part = train(request, stop.control());
    const TrainResult rest = train(request);
    EXPECT_EQ(::testing::internal::GetCapturedStdout() + ::testing::internal::GetCapturedStderr(), "");

    EXPECT_EQ(whole.steps, 4);
    EXPECT_FALSE(whole.interrupted);
    EXPECT_GT(whole.frames_per_second, 0);
    EXPECT_FALSE(whole.held_out.empty());
    EXPECT_TRUE(part.interrupted);
    EXPECT_LT(part.steps, 4);
    EXPECT_TRUE(fs::exists(part.model / "model.safetensors")) << part.model;
    EXPECT_EQ(rest.steps, 4);
    for (const char* file : {"model.safetensors", "optimizer.safetensors"})
      EXPECT_EQ(read_file(whole.model / file), read_file(rest.model / file)) << file;
  }
}

TEST_F(Train, RunFoldersHoldTheOriginThenTheRecipe) {
  const std::map<std::string, std::vector<std::string>> wanted{
      {"lewm", {"family", "preset", "seed", "data", "model", "train", "loop"}},
      {"lewm_heads", {"family", "seed", "data", "init", "heads", "train", "loop"}},
      {"vjepa2_ac", {"family", "preset", "seed", "data", "encoder", "encoder_weights", "predictor"}},
      {"probe", {"family", "seed", "data", "encoder", "encoder_weights", "probe", "train"}}};
  for (const auto& [family, keys] : wanted) {
    SCOPED_TRACE(family);
    const fs::path run = *folder_ / (family + " record");
    TrainRequest request = request_of(family, run);
    request.steps = 1;
    train(request);
    const auto record = nlohmann::ordered_json::parse(read_file(run / "config.json"));
    std::vector<std::string> found;
    for (const auto& [key, value] : record.items()) found.push_back(key);
    ASSERT_GE(found.size(), keys.size());
    found.resize(keys.size());
    EXPECT_EQ(found, keys);
    EXPECT_EQ(record["family"], family == "probe" ? "vjepa2-probe" : family);
    EXPECT_EQ(record["seed"], 7);
    EXPECT_EQ(record["data"], (std::vector<std::string>{request.data.front().string()}));
  }
}

TEST_F(Train, AStopBeforeTheTrainingBeginsIsAResultToo) {
  std::stop_source stop;
  stop.request_stop();
  for (const char* family : {"vjepa2_ac", "probe", "lewm_heads"}) {
    const TrainRequest request = request_of(family, *folder_ / (std::string(family) + " early"));
    const TrainResult result = train(request, {.stop = stop.get_token()});
    EXPECT_TRUE(result.interrupted) << family;
    EXPECT_EQ(result.steps, 0) << family;
    EXPECT_EQ(train(request).steps, 4) << family;
  }
}

TEST_F(Train, AMemberThatTheFamilyDoesNotUseIsRefused) {
  for (const Trainer& trainer : trainers()) {
    SCOPED_TRACE(trainer.family);
    const auto asked = [&] { return request_of(trainer.family, *folder_ / "never"); };
    std::vector<std::pair<std::string, TrainRequest>> cases;
    if (!trainer.takes("preset")) cases.emplace_back("preset", asked()).second.preset = "nonsense";
    if (!trainer.takes("init")) cases.emplace_back("init", asked()).second.init = "somewhere";
    if (!trainer.takes("rehearse")) cases.emplace_back("rehearse", asked()).second.rehearse = {episodes()};
    if (!trainer.takes("encoder")) cases.emplace_back("encoder", asked()).second.encoder = encoder();
    if (!trainer.takes("weights")) cases.emplace_back("heads", asked()).second.weights.heads = 3;
    if (!trainer.takes("latents")) cases.emplace_back("latents", asked()).second.latents = "somewhere";
    if (!trainer.on_gpu) cases.emplace_back("device", asked()).second.options.device = Device::kCuda;
    cases.emplace_back("overwrite", asked()).second.options.overwrite = true;
    EXPECT_GE(cases.size(), 3u);
    for (const auto& [member, request] : cases) EXPECT_EQ(refusal(request).first, member);
  }
  EXPECT_FALSE(fs::exists(*folder_ / "never"));
}

TEST_F(Train, BeginsWithAModelThatIsThere) {
  const fs::path before = request_of("lewm_heads", *folder_ / "never").init;  // makes it
  TrainRequest request = request_of("lewm", *folder_ / "adapted");
  request.init = before;
  request.options.settings.set = {"train.batch=4", "train.learning_rate=0", "held_out_sequences=4",
                                  "held_out_horizon=1", "probe_frames=0"};
  request.steps = 1;
  const TensorMap old_weights = load_safetensors(resolve_model_folder(before) / "model.safetensors");
  const TensorMap weights = load_safetensors(train(request).model / "model.safetensors");
  ASSERT_EQ(weights.size(), old_weights.size());
  for (const auto& [name, tensor] : old_weights)
    if (name.find("running_") == std::string::npos && name.find("num_batches") == std::string::npos) {
      EXPECT_TRUE(at::equal(weights.at(name), tensor)) << name;
    }
  request.out = *folder_ / "moved";
  request.steps = 4;
  request.options.settings.set[1] = "train.learning_rate=0.001";
  const TensorMap moved = load_safetensors(train(request).model / "model.safetensors");
  bool differs = false;
  for (const auto& [name, tensor] : old_weights)
    differs = differs || (name.ends_with("weight") && !at::equal(moved.at(name), tensor));
  EXPECT_TRUE(differs) << "a step with a rate changes weights";
}

TEST_F(Train, RehearsesWhatAModelKnew) {
  const fs::path before = request_of("lewm_heads", *folder_ / "never").init;  // makes it
  const fs::path scene = *folder_ / "new scene.npz";
  write_episodes(scene, 5);
  TrainRequest request = request_of("lewm", *folder_ / "rehearsed");
  request.init = before;
  request.data = {scene};
  request.rehearse = {episodes()};
  auto& set = request.options.settings.set;
  set = {"train.batch=4",         "held_out_sequences=4",    "held_out_horizon=1",   "probe_frames=0",
         "loop.evaluate_every=2", "loop.keep_checkpoints=9", "rehearsal.share=0.25", "rehearsal.most_fall=1e9"};
  const auto score = [](const TrainResult& done, const std::string& name) {
    const auto found = std::find_if(done.held_out.begin(), done.held_out.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    return found == done.held_out.end() ? std::nan("") : found->second;
  };
  const TrainResult kept = train(request);
  EXPECT_EQ(score(kept, "rollbacks"), 0);
  EXPECT_EQ(read_json(kept.run / "config.json").at("rehearsal").at("data"),
            std::vector<std::string>{episodes().string()});
  EXPECT_GE(score(kept, "held_out_old_skill"), score(kept, "held_out_old_bound"));

  request.out = *folder_ / "never";
  for (const char* share : {"0", "1"}) {
    set[6] = std::string("rehearsal.share=") + share;
    EXPECT_TRUE(says(refusal_of<ConfigError>([&] { train(request); }), "between 0 and 1")) << share;
  }
  set[6] = "rehearsal.share=0.5";
  request.rehearse = {*folder_ / "nowhere.npz"};
  EXPECT_TRUE(says(refusal_of<DataError>([&] { train(request); }), "no such file"));
  request.rehearse = {episodes()};
  request.init.clear();
  EXPECT_EQ(refusal(request).first, "rehearse") << "nothing is known that could be kept";
  EXPECT_FALSE(fs::exists(request.out));
}

TEST_F(Train, HoldsOutByAFactorAndSaysSoInTheModelFolder) {
  const fs::path data = *folder_ / "doors.npz";
  const auto sink = data::make_sink(data::SinkFormat::kNpz, data);
  const planner::CollectConfig two_doors{
      .max_steps = 40, .size = 16, .seed = 3, .draw = {"two_room.door_position=30,150"}};
  for (const auto& episode : planner::generate_episodes(two_doors, 24)) sink->add(episode);
  sink->commit();
  TrainRequest request = request_of("lewm", *folder_ / "held out");
  request.data = {data};
  request.steps = 2;
  request.hold_out = {"two_room.door_position=140..160"};
  const fs::path model = train(request).model;
  const auto record = read_json(model / "training_set.json");
  const auto& door = record.at("factors").at("two_room.door_position");
  EXPECT_EQ(door.at("low"), (std::vector<double>{30, 30, 30}));
  EXPECT_EQ(door.at("high"), (std::vector<double>{30, 30, 30}));
  EXPECT_EQ(record.at("hold_out"), request.hold_out);
  TrainRequest heads = request_of("lewm_heads", *folder_ / "held out heads");
  heads.data = {data};
  heads.init = *folder_ / "held out";
  EXPECT_EQ(read_json(train(heads).model / "training_set.json"), record) << "heads are fitted to the same split";

  TrainRequest predictor = request_of("vjepa2_ac", *folder_ / "held out predictor");
  predictor.data = {data};
  predictor.hold_out = request.hold_out;
  EXPECT_EQ(read_json(train(predictor).model / "training_set.json"), record) << "every world model says what it saw";

  request.out = *folder_ / "never";
  request.hold_out = {"two_room.door_position=60..70"};
  EXPECT_THROW(train(request), DataError) << "nothing to judge by";
  request.hold_out = {"two_room.door_size=1..20"};
  EXPECT_THROW(train(request), DataError) << "the data have no such column";
  request.hold_out = {"two_room.door_position=0..223"};
  EXPECT_THROW(train(request), DataError) << "nothing is left to train on";
  EXPECT_FALSE(fs::exists(request.out));
}

// Data that were moved, or named in another way, do not end a run; other data of the same name do.
TEST_F(Train, GoesOnWithDataThatWereMoved) {
  const TrainResult whole = train(request_of("lewm", *folder_ / "at rest"));
  TrainRequest request = request_of("lewm", *folder_ / "moved data");
  const fs::path name = episodes().filename(), first = *folder_ / "first", second = *folder_ / "second";
  for (const fs::path& place : {first, second}) fs::create_directories(place);
  fs::copy(episodes(), first / name, fs::copy_options::recursive);
  request.data = {first / name};
  request.steps = 2;
  train(request);
  request.steps = 4;
  write_episodes(second / name, 4);
  request.data = {second / name};
  EXPECT_TRUE(says(refusal_of<Error>([&] { train(request); }), "data")) << "other episodes";
  fs::remove_all(second / name);
  fs::rename(first / name, second / name);
  expect_damage_is_named(request.out / "data.json", "data", "content", [&] { train(request); });
  const TrainResult rest = train(request);
  EXPECT_EQ(read_file(whole.model / "model.safetensors"), read_file(rest.model / "model.safetensors"));
}

TEST_F(Train, WhatIsMissingIsNamed) {
  TrainRequest request = request_of("lewm", "");
  EXPECT_EQ(refusal(request).first, "out");
  request = request_of("lewm", *folder_ / "never");
  request.data.clear();
  EXPECT_EQ(refusal(request).first, "data");
  request = request_of("probe", *folder_ / "never");
  request.encoder.clear();
  EXPECT_EQ(refusal(request).first, "encoder");
  request = request_of("lewm_heads", *folder_ / "never");
  request.init.clear();
  EXPECT_EQ(refusal(request).first, "init");
  request = request_of("lewm", *folder_ / "never");
  request.family = "lewn";
  EXPECT_EQ(refusal(request).first, "family");
  EXPECT_TRUE(says(refusal(request).second, "did you mean 'lewm'?"));
  request.family = "lewm";
  request.preset = "lewm-s46";
  EXPECT_TRUE(says(refusal_of<ConfigError>([&] { train(request); }), "did you mean 'lewm-s64'?"));
  request.preset.clear();
  request.steps = 0;
  EXPECT_EQ(refusal(request).first, "steps");
}

TEST_F(Train, WhatTheSettingsSayTooHasToBeTheSame) {
  const auto with = [&](const char* setting) {
    TrainRequest request = request_of("lewm", *folder_ / "never");
    request.preset = "lewm-s64";
    request.options.settings.set.emplace_back(setting);
    return refusal(request);
  };
  EXPECT_EQ(with("seed=8").first, "seed");
  EXPECT_EQ(with("preset=lewm").first, "preset");
  EXPECT_EQ(with("data=[\"other.npz\"]").first, "data");
  EXPECT_EQ(with("family=vjepa2_ac").first, "family");
  EXPECT_TRUE(says(with("seed=8").second, "seed is 7, and the settings say seed = 8"));
  EXPECT_FALSE(fs::exists(*folder_ / "never"));
}

TEST_F(Train, ARunsOwnConfigTrainsItAgain) {
  const TrainResult first = train(request_of("lewm", *folder_ / "first"));
  TrainRequest request{.out = *folder_ / "again"};
  request.options = {.settings = {.config = first.run / "config.json"}, .device = Device::kCpu, .threads = 1};
  const TrainResult again = train(request);
  EXPECT_EQ(read_file(first.run / "config.json"), read_file(again.run / "config.json"));
  EXPECT_EQ(read_file(first.model / "model.safetensors"), read_file(again.model / "model.safetensors"));
}

}  // namespace
}  // namespace foresee
