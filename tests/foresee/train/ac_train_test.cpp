// Claims: an action predictor learns Two-Room from logs on cached latents and plans better than random; a resumed run
// is the uninterrupted one; latents survive an interruption and are never those of something else.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "foresee/train/ac_data.h"
#include "foresee/train/latent_cache.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "jepa/model/vjepa2_ac/world_model.h"
#include "planner/cem.h"
#include "planner/control/model_cost.h"
#include "planner/control/picture_fit.h"
#include "planner/env/collect.h"
#include "planner/noise.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPixels = 32;

const data::EpisodeDataset& two_room() {
  static const data::EpisodeDataset dataset(
      planner::generate_episodes({.max_steps = 60, .size = kPixels, .seed = 4}, 60));
  return dataset;
}

std::shared_ptr<VideoEncoder> small_encoder(uint64_t seed = 1) {
  VideoEncoderConfig config;
  config.image_size = kPixels;
  config.frames = 2;
  config.patch_size = 8;
  config.width = 48;
  config.depth = 1;
  config.heads = 3;
  auto encoder = std::make_shared<VideoEncoder>(config);
  encoder->initialise(seed);
  return encoder;
}

AcRecipe small_recipe() {
  AcRecipe recipe = ac_recipe("vjepa2-ac-s");
  recipe.predictor.width = 64;
  recipe.predictor.depth = 2;
  recipe.predictor.heads = 4;
  recipe.train.batch = 16;
  recipe.train.frames = 3;
  recipe.train.peak_rate = 1.5e-3;
  recipe.train.objective.exponent = 2;  // the few tokens that move weigh more
  recipe.held_out_sequences = 24;
  recipe.held_out_horizon = 3;
  return recipe;
}

/// The floor becomes zero, so that an untrained encoder's features are of the agent and the walls.
Preprocess small_preprocess() { return {.size = kPixels, .mean = {1, 1, 1}, .std = {0.25, 0.25, 0.25}}; }

AcTask small_task(const fs::path& latents, const AcRecipe& recipe, int64_t steps) {
  const Vjepa2Ac model = ac_model(two_room(), recipe, small_encoder());
  const AcSource source{&two_room(), "two room", latents};
  return {model, recipe.train, ac_train_data(source, recipe, model, small_preprocess(), /*seed=*/3),
          steps, /*seed=*/3,   "test"};
}

class AcTrain : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { folder_ = std::make_unique<TemporaryFolder>(); }
  static void TearDownTestSuite() { folder_.reset(); }
  static fs::path latents() { return *folder_ / "latents"; }

  static std::unique_ptr<TemporaryFolder> folder_;
};
std::unique_ptr<TemporaryFolder> AcTrain::folder_;

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  return std::hypot(a[0] - b[0], a[1] - b[1]);
}

std::vector<double> row_of(const Tensor& table, int64_t row) {
  const Tensor values = table[row].to(at::kDouble).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

/// Where a plan ends. @param actions  [steps, 2], the environment's units.
std::vector<double> execute(const std::vector<double>& start, const Tensor& actions) {
  const auto env = planner::make_env("two_room");
  env->set_state(start);
  for (int64_t t = 0; t < actions.size(0); ++t) env->step(row_of(actions.clamp(-1, 1), t));
  return env->state();
}

/// Pictures of a rectangle: training and planning see the same numbers, bit for bit.
TEST(AcPictures, OfTrainingAreThoseOfPlanning) {
  std::vector<data::Episode> episodes;
  for (uint64_t id = 0; id < 4; ++id)
    episodes.push_back({.id = id,
                        .frames = Random(3, Stream::kTest, id).uniform_tensor({24, 36, 48, 3}).mul(256).to(at::kByte),
                        .columns = {{"action", Random(4, Stream::kTest, id).uniform_tensor({24, 2})},
                                    {"proprio", Random(5, Stream::kTest, id).uniform_tensor({24, 2})}}});
  const TemporaryFolder folder;
  const data::EpisodeDataset dataset(std::move(episodes));
  AcRecipe recipe = small_recipe();
  recipe.state_update = StateUpdate::kAdd;
  recipe.state_column = "proprio";
  const Vjepa2Ac model = ac_model(dataset, recipe, small_encoder());
  const PictureSpec spec = new_action_pictures({.size = 99}, model.config);
  EXPECT_EQ(spec.size, kPixels);
  const LatentCache latents(folder / "latents", dataset, model, spec, "one");
  const Vjepa2AcWorldModel world(model, dataset.action_spec(recipe.frameskip), spec);
  const Tensor pictures = dataset.frames(0, 0, 8);  // uint8 [8, 3, 36, 48]
  for (int64_t i = 0; i < 8; ++i) {
    const Tensor planned = planner::fit_picture(pictures[i], world.picture_spec());
    EXPECT_TRUE(at::equal(action_input(planned.unsqueeze(0), world.picture_spec()),
                          action_input(pictures.narrow(0, i, 1), spec)));
  }
  EXPECT_TRUE(at::allclose(latents.rows(0, 0, 8, 1), world.encode_goal({pictures}), 1e-4, 1e-4));
}

TEST_F(AcTrain, LearnsTwoRoomAndPlansBetterThanRandom) {
  const AcRecipe recipe = small_recipe();
  constexpr int64_t kSteps = 1500, kHorizon = 2;
  AcTask task = small_task(latents(), recipe, kSteps);
  const Metrics before = task.evaluate();
  for (int64_t step = 0; step < kSteps; ++step) task.step(step);
  const Metrics after = task.evaluate();
  EXPECT_LT(metric(after, "held_out_error_1"), 0.2 * metric(before, "held_out_error_1"));
  EXPECT_GT(metric(after, "held_out_skill_1"), 0.05);
  EXPECT_GT(metric(after, "held_out_action_gain_1"), 0.1) << "actions matter";
  EXPECT_LT(metric(after, "held_out_error_1"), metric(after, "held_out_error_3")) << "errors grow with the horizon";

  ActionSpec actions = two_room().action_spec(recipe.frameskip);
  const Vjepa2AcWorldModel world(task.model(), actions, small_preprocess());
  const planner::SearchConfig search{.samples = 96, .iterations = 8, .elites = 12, .horizon = kHorizon};
  const int64_t ahead = kHorizon * recipe.frameskip;
  double planned = 0, random = 0;
  int64_t count = 0;
  for (const int64_t episode : two_room().episodes_of(data::Split::kHeldOut)) {
    if (two_room().length(episode) <= ahead) continue;
    const Tensor frames = two_room().frames(episode, 0, ahead + 1),
                 states = two_room().column(episode, "state", 0, ahead + 1);
    Observation seen;
    seen.frames = frames[0].unsqueeze(0).unsqueeze(0);
    const auto cost = planner::model_cost(world, seen, frames[ahead].unsqueeze(0)).cost;
    planner::SearchRequest request;
    request.init = at::zeros({1, 0, actions.block_size()});
    request.noise = planner::draw_noise(2, std::vector<planner::PlanId>{{episode, 0}}, search, actions.block_size());
    const Tensor plan = actions.to_environment(planner::cem(cost, request, search).blocks[0]);
    const auto start = row_of(states, 0), goal = row_of(states, ahead);
    planned += distance(execute(start, plan), goal);
    for (uint64_t draw = 0; draw < 8; ++draw) {
      const Tensor noise = Random(episode, Stream::kTest, draw).normal_tensor({kHorizon, actions.block_size()});
      random += distance(execute(start, actions.to_environment(noise)), goal) / 8;
    }
    ++count;
  }
  ASSERT_GE(count, 3);
  EXPECT_LT(planned, 0.75 * random) << "mean distance to the goal: " << planned / static_cast<double>(count)
                                    << " px planned, " << random / static_cast<double>(count) << " px at random";
}

TEST_F(AcTrain, LearnsFromTheCamerasPoseWhereItIsRecorded) {
  AcRecipe recipe = small_recipe();
  recipe.predictor.use_extrinsics = true;
  EXPECT_THROW(ac_model(two_room(), recipe, small_encoder()), DataError) << "no such column";
  recipe.extrinsics_column = "state";  // any column of numbers
  recipe.train.batch = 4;
  const Vjepa2Ac model = ac_model(two_room(), recipe, small_encoder());
  EXPECT_EQ(model.config.predictor.extrinsics_size, 2);
  const AcSource source{&two_room(), "two room", latents()};
  const AcTrainData data = ac_train_data(source, recipe, model, small_preprocess(), /*seed=*/3);
  const AcBatch batch = data.batch(0);
  EXPECT_EQ(batch.extrinsics.sizes(), (std::vector<int64_t>{4, recipe.train.frames, 2}));
  EXPECT_GT(batch.extrinsics.abs().max().item<double>(), 1);
  AcTask task = small_task(latents(), recipe, 2);
  EXPECT_TRUE(std::isfinite(metric(task.step(0), "loss")));
  EXPECT_TRUE(std::isfinite(metric(task.evaluate(), "held_out_error_1")));

  const Vjepa2AcWorldModel world(model, data.actions, data.preprocess);
  const auto judged = recorded_sequences(world, ac_sequences(source, recipe, world), data::Split::kTrain,
                                         /*horizon=*/2, Objective::kLatent);
  ASSERT_TRUE(judged);
  EXPECT_GT(judged->recorded.numel(), 8);
  EXPECT_EQ(judged->goals.size(1), 48) << "of all tokens their mean";
  EXPECT_TRUE(at::isfinite(judged->recorded).all().item<bool>());
}

TEST_F(AcTrain, ResumedRunRepeatsTheUninterruptedOneBitForBit) {
  AcRecipe recipe = small_recipe();
  recipe.predictor.width = 32;
  recipe.predictor.heads = 2;
  recipe.train.batch = 4;
  const LoopConfig loop{.steps = 8, .checkpoint_every = 3, .keep_checkpoints = 9, .evaluate_every = 4, .log_every = 1};
  const nlohmann::ordered_json config{{"test", true}};
  const auto run_until = [&](const char* name, int64_t stop_after) {
    AcTask task = small_task(latents(), recipe, loop.steps);
    RunFolder run(*folder_ / name, config);
    StopAfter stop(stop_after);
    return run_loop(task, loop, run, stop.control());
  };
  EXPECT_EQ(run_until("whole", -1), LoopEnd::kFinished);
  EXPECT_EQ(run_until("parts", 5), LoopEnd::kInterrupted);
  EXPECT_EQ(run_until("parts", -1), LoopEnd::kFinished);
  for (const char* file : {"checkpoints/step-8/model.safetensors", "checkpoints/step-8/optimizer.safetensors"}) {
    const TensorMap whole = load_safetensors(*folder_ / "whole" / file),
                    parts = load_safetensors(*folder_ / "parts" / file);
    ASSERT_EQ(whole.size(), parts.size());
    for (const auto& [name, value] : whole) EXPECT_TRUE(at::equal(value, parts.at(name))) << file << " " << name;
  }
  const auto world = load_world_model(*folder_ / "whole");
  EXPECT_EQ(world->action_spec().block_size(), 10);
}

TEST_F(AcTrain, LatentsAreWhatTheModelEncodes) {
  const AcRecipe recipe = small_recipe();
  const Vjepa2Ac model = ac_model(two_room(), recipe, small_encoder());
  const LatentCache cache(latents(), two_room(), model, small_preprocess(), "two room");
  const Tensor pictures = frame_input(two_room().frames(2, 3, 4), small_preprocess(), kPixels, kPixels);
  const Tensor wanted = model.encode(pictures.slice(0, 0, 4, 3));
  EXPECT_LT((cache.rows(2, 3, 2, 3) - wanted).abs().max().item<double>(), 1e-4);
  EXPECT_THROW(cache.rows(2, two_room().length(2), 1, 1), Error);
}

TEST_F(AcTrain, OnlyMissingLatentsAreMadeAgain) {
  const Vjepa2Ac model = ac_model(two_room(), small_recipe(), small_encoder());
  const fs::path folder = *folder_ / "some latents";
  { const LatentCache all(folder, two_room(), model, small_preprocess(), "two room"); }
  const auto kept = fs::last_write_time(folder / "episode-000001.safetensors");
  fs::remove(folder / "episode-000002.safetensors");
  std::ofstream(folder / ".episode-000002.safetensors.tmp-1") << "a part that was never renamed";
  const LatentCache again(folder, two_room(), model, small_preprocess(), "two room");
  EXPECT_EQ(fs::last_write_time(folder / "episode-000001.safetensors"), kept);
  EXPECT_TRUE(fs::exists(folder / "episode-000002.safetensors"));
}

TEST_F(AcTrain, LatentsOfAnotherEncoderOrOtherEpisodesAreRefused) {
  const AcRecipe recipe = small_recipe();
  const Vjepa2Ac model = ac_model(two_room(), recipe, small_encoder()),
                 other = ac_model(two_room(), recipe, small_encoder(/*seed=*/2));
  { const LatentCache first(latents(), two_room(), model, small_preprocess(), "two room"); }
  EXPECT_THROW(LatentCache(latents(), two_room(), other, small_preprocess(), "two room"), CheckpointError);
  EXPECT_THROW(LatentCache(latents(), two_room(), model, small_preprocess(), "three rooms"), CheckpointError);
}

TEST_F(AcTrain, ActionsCanBeChangesOfTheState) {
  AcRecipe recipe = small_recipe();
  recipe.state_update = StateUpdate::kAdd;
  recipe.actions = ActionSource::kStateChange;
  const Vjepa2Ac model = ac_model(two_room(), recipe, small_encoder());
  EXPECT_EQ(model.config.predictor.action_size, 2);
  EXPECT_EQ(model.config.predictor.state_size, 2);
  const AcTrainData data =
      ac_train_data({&two_room(), "two room", latents()}, recipe, model, small_preprocess(), /*seed=*/3);
  const AcBatch batch = data.batch(0);
  const Tensor mean = torch::tensor(model.config.state_mean, at::kFloat),
               std = torch::tensor(model.config.state_std, at::kFloat);
  const Tensor states = batch.states * std + mean;
  EXPECT_LT((states.slice(1, 1) - states.slice(1, 0, -1) - batch.actions).abs().max().item<double>(), 1e-3);
}

/// A row without numbers is in no clip: neither its state, nor the action that leaves it.
TEST(AcClips, OfRowsThatHoldNaNAreLeftOut) {
  constexpr int64_t kRows = 24, kSkip = 2;
  std::vector<data::Episode> episodes;
  for (uint64_t id = 0; id < 6; ++id) {
    const Tensor states = Random(5, Stream::kTest, id).uniform_tensor({kRows, 2}),
                 actions = Random(4, Stream::kTest, id).uniform_tensor({kRows, 2});
    states[9][1] = std::nan("");
    actions[15][0] = std::numeric_limits<double>::infinity();
    actions[kRows - 1].fill_(std::nan(""));  // none leaves the last row
    episodes.push_back({.id = id,
                        .frames = at::full({kRows, kPixels, kPixels, 3}, 90, at::kByte),
                        .columns = {{"action", actions}, {"state", states}}});
  }
  const data::EpisodeDataset dataset(std::move(episodes));
  AcRecipe recipe = small_recipe();
  recipe.frameskip = kSkip;
  recipe.train.frames = 3;
  recipe.train.batch = 1;
  recipe.state_update = StateUpdate::kAdd;
  const TemporaryFolder folder;
  const Vjepa2Ac model = ac_model(dataset, recipe, small_encoder());
  const AcTrainData data =
      ac_train_data({&dataset, "six", folder / "latents"}, recipe, model, small_preprocess(), /*seed=*/3);
  for (int64_t step = 0; step < 80; ++step) {
    const AcBatch batch = data.batch(step);
    EXPECT_TRUE(at::isfinite(batch.states).all().item<bool>()) << step;
    EXPECT_LT(batch.actions.abs().max().item<float>(), 100) << "no infinity became a number, step " << step;
  }
}

TEST_F(AcTrain, MissingColumnsAreNamed) {
  AcRecipe recipe = small_recipe();
  recipe.state_update = StateUpdate::kAdd;
  recipe.state_column = "joints";
  EXPECT_THROW(ac_model(two_room(), recipe, small_encoder()), DataError);
}

TEST_F(AcTrain, LatentsAreKnownByContentCameraAndPictureRuleWhereverTheSetLies) {
  const TemporaryFolder folder;
  const auto info = folder / "set" / "meta" / "info.json";
  std::filesystem::create_directories(info.parent_path());
  std::ofstream(info) << "{}";
  AcRecipe recipe = small_recipe();
  Preprocess pictures = small_preprocess();
  const auto identity = [&](const char* place) {
    return episodes_identity({folder / place / "set"}, two_room(), recipe, pictures);
  };
  std::filesystem::create_symlink("nowhere", folder / "set" / "dangling");
  const std::string before = identity(".");
  recipe.episodes.camera = "top";
  EXPECT_NE(identity("."), before);
  recipe.episodes.camera = "";
  pictures.picture = PictureShape::kPad;
  EXPECT_NE(identity("."), before);
  pictures = small_preprocess();
  EXPECT_EQ(identity("."), before);
  std::filesystem::create_directories(folder / "moved");
  std::filesystem::rename(folder / "set", folder / "moved" / "set");
  EXPECT_EQ(identity("moved"), before);
  std::ofstream(folder / "moved" / "set" / "meta" / "info.json") << "{\"fps\": 10}";
  EXPECT_NE(identity("moved"), before) << "a file in it has changed";
}

}  // namespace
}  // namespace foresee::tools
