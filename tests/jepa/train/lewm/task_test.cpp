// Training LeWM: it learns without collapsing, and a resumed run is the uninterrupted one.
#include "jepa/train/lewm/task.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "jepa/core/error.h"
#include "jepa/core/watch/metrics.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/lewm/loss.h"
#include "jepa/model/world_model.h"
#include "jepa/nn/autocast.h"
#include "jepa/train/lewm/recipe.h"
#include "tests/jepa/model/lewm/lewm_small.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using testing::moving_dots;
using testing::small_lewm;

LewmTrainConfig fast_training() {
  LewmTrainConfig config;
  config.batch = 16;
  config.learning_rate = 2e-3;
  config.loss.projections = 64;
  return config;
}

LewmTrainData synthetic_data() {
  LewmTrainData data;
  data.batch = [](int64_t step) { return moving_dots(16, 4, 1, static_cast<uint64_t>(step)); };
  const LewmBatch held_out = moving_dots(32, 5, 99, 0);
  data.held_out.frames = held_out.frames;
  data.held_out.actions = held_out.actions;
  data.preprocess.size = 16;
  data.actions = testing::small_actions();
  return data;
}

LewmTask small_task(int64_t steps) {
  return LewmTask(small_lewm(), fast_training(), synthetic_data(), steps, 3, "test");
}

TEST(LewmTask, ResumedRunRepeatsTheUninterruptedOneBitForBit) {
  const TemporaryFolder folder;
  const LoopConfig loop{.steps = 8, .checkpoint_every = 3, .keep_checkpoints = 9, .evaluate_every = 4, .log_every = 1};
  const nlohmann::ordered_json config{{"test", true}};
  {
    LewmTask task = small_task(8);
    RunFolder run(folder / "whole", config);
    ASSERT_EQ(run_loop(task, loop, run), LoopEnd::kFinished);
  }
  {
    LewmTask task = small_task(8);
    RunFolder run(folder / "parts", config);
    StopAfter stop(5);
    ASSERT_EQ(run_loop(task, loop, run, stop.control()), LoopEnd::kInterrupted);
  }
  {
    LewmTask task = small_task(8);
    RunFolder run(folder / "parts", config);
    ASSERT_EQ(run_loop(task, loop, run), LoopEnd::kFinished);
  }
  for (const char* file : {"checkpoints/step-8/model.safetensors", "checkpoints/step-8/optimizer.safetensors"}) {
    const TensorMap whole = load_safetensors(folder / "whole" / file),
                    parts = load_safetensors(folder / "parts" / file);
    ASSERT_EQ(whole.size(), parts.size());
    for (const auto& [name, value] : whole) EXPECT_TRUE(at::equal(value, parts.at(name))) << file << " " << name;
  }
  const auto model = load_world_model(folder / "whole");
  EXPECT_EQ(model->action_spec().block_size(), 4);
  EXPECT_EQ(model->preprocess().size, 16);
}

TEST(LewmTask, LearnsToPredictWithoutCollapse) {
  LewmTask task = small_task(120);
  const Metrics before = task.evaluate();
  task.start(0);
  double first = 0, last = 0;
  for (int64_t step = 0; step < 120; ++step) {
    const double loss = metric(task.step(step), "loss");
    if (step < 10) first += loss / 10;
    if (step >= 110) last += loss / 10;
  }
  const Metrics after = task.evaluate();
  EXPECT_LT(last, 0.75 * first);
  EXPECT_GT(metric(after, "held_out_effective_rank"), 4);
  EXPECT_LT(metric(after, "held_out_sigreg"), 0.5 * metric(before, "held_out_sigreg"));
  EXPECT_GT(metric(after, "held_out_skill_1"), 0.2);  // 0: as good as predicting no change
}

TEST(LewmTask, GoesBackWhereAnOldSceneIsForgotten) {
  const auto copies = [](const TensorMap& tensors) {
    TensorMap all;
    for (const auto& [name, value] : tensors) all[name] = value.clone();
    return all;
  };
  LewmTask before = small_task(120);
  before.start(0);
  for (int64_t step = 0; step < 120; ++step) before.step(step);
  before.recalibrate();
  const TensorMap known = copies(state_dict(*before.model()));
  const auto task_with = [&](double learning_rate) {
    LewmTrainData data = synthetic_data();
    data.initial = known;
    data.old_held_out = data.held_out;
    LewmTrainConfig config = fast_training();
    config.learning_rate = learning_rate;
    return LewmTask(small_lewm(), config, std::move(data), 8, 3, "test", at::kCPU, /*most_fall=*/0.05);
  };
  const LoopConfig loop{.steps = 8, .checkpoint_every = 4, .keep_checkpoints = 9, .evaluate_every = 4, .log_every = 1};
  const TemporaryFolder folder;
  const nlohmann::ordered_json config{{"test", true}};
  const auto last_score = [&](const char* run) {
    Metrics last;
    for (const auto& [step, metrics] : read_metrics(folder / run / "metrics.jsonl"))
      if (metrics.front().first.starts_with("held_out_")) last = metrics;
    return last;
  };
  {
    LewmTask gentle = task_with(0);
    RunFolder run(folder / "gentle", config);
    run_loop(gentle, loop, run);
    EXPECT_EQ(metric(last_score("gentle"), "rollbacks"), 0);
  }
  {
    LewmTask rough = task_with(0.2);  // ruins any weights
    RunFolder run(folder / "rough", config);
    run_loop(rough, loop, run);
    const Metrics score = last_score("rough");
    EXPECT_EQ(metric(score, "rollbacks"), 2) << "at steps 4 and 8";
    EXPECT_GE(metric(score, "held_out_old_skill"), metric(score, "held_out_old_bound"));
    for (const auto& [name, value] : state_dict(*rough.model())) EXPECT_TRUE(at::equal(value, known.at(name))) << name;
  }
  {
    LewmTask rough = task_with(0.2);
    RunFolder run(folder / "parts", config);
    StopAfter stop(5);
    ASSERT_EQ(run_loop(rough, loop, run, stop.control()), LoopEnd::kInterrupted);
  }
  {
    LewmTask rough = task_with(0.2);
    RunFolder run(folder / "parts", config);
    run_loop(rough, loop, run);
    EXPECT_EQ(last_score("parts"), last_score("rough")) << "a run that was stopped knows that it went back";
  }
  LewmTrainData nothing = synthetic_data();
  nothing.old_held_out = LewmHeldOut();
  EXPECT_THROW(LewmTask(small_lewm(), fast_training(), std::move(nothing), 8, 3), DataError) << "nothing to judge by";
}

TEST(LewmTask, StepLeavesGlobalGeneratorAlone) {
  LewmTask task = small_task(4);
  auto generator = at::globalContext().defaultGenerator(at::kCPU);
  const Tensor before = generator.get_state().clone();
  task.start(0);
  task.step(0);
  task.step(1);
  task.evaluate();
  EXPECT_TRUE(at::equal(before, generator.get_state()));
}

TEST(LewmTask, EvaluationChangesNothing) {
  LewmTask task = small_task(4);
  task.start(0);
  task.step(0);
  task.step(1);
  TensorMap before;
  for (const auto& [name, value] : state_dict(*task.model())) before[name] = value.clone();
  task.evaluate();
  EXPECT_TRUE(task.model()->is_training());
  for (const auto& [name, value] : state_dict(*task.model())) EXPECT_TRUE(at::equal(value, before.at(name))) << name;
}

// Note [Statistics of BatchNorm]
TEST(LewmTask, ProbesLeaveOutWhatCannotBeAsked) {
  LewmTrainData data = synthetic_data();
  const LewmBatch fitted = moving_dots(64, 1, 98, 0);
  const auto state_of = [](const Tensor& frames) {  // [..., 3, 16, 16] -> [..., 4]
    const Tensor light = frames.select(-3, 0).to(at::kFloat).mean({-1, -2});
    const Tensor row = frames.select(-3, 0).select(-2, 8).to(at::kFloat).mean(-1);
    return at::stack({light, at::full_like(light, 0.5), row, at::full_like(light, std::nan(""))}, -1);
  };
  data.held_out.state = state_of(data.held_out.frames);
  data.held_out.probe_frames = fitted.frames.select(1, 0).contiguous();
  data.held_out.probe_state = state_of(data.held_out.probe_frames);
  data.held_out.probe_state[5][2] = std::nan("");  // one row, as a sensor leaves it
  data.held_out.state[3][1][0] = std::nan("");
  data.held_out.factors = {"light", "constant", "row", "unknown"};
  LewmTask task(small_lewm(), fast_training(), std::move(data), 10, 3, "test");
  const Metrics metrics = task.evaluate();
  std::set<std::string> names;
  for (const auto& [name, value] : metrics) {
    EXPECT_TRUE(std::isfinite(value)) << name;
    names.insert(name);
  }
  for (const char* name : {"held_out_probe_r", "held_out_probe_linear_r_light", "held_out_probe_mlp_mse_row"})
    EXPECT_TRUE(names.contains(name)) << name;
  for (const char* name : {"held_out_probe_linear_r_constant", "held_out_probe_mlp_r_unknown"})
    EXPECT_FALSE(names.contains(name)) << name;
}

TEST(LewmTask, SettlingMovesRunningStatisticsAloneAndNotTheTraining) {
  LewmTask task = small_task(6), undisturbed = small_task(6);
  for (LewmTask* each : {&task, &undisturbed}) {
    each->start(0);
    each->step(0);
    each->step(1);
  }
  task.recalibrate();
  const TensorMap before = state_dict(*undisturbed.model()), after = state_dict(*task.model());
  for (const auto& [name, value] : after) {
    const bool statistics = name.find("running_") != std::string::npos;
    EXPECT_EQ(at::equal(value, before.at(name)), !statistics) << name;
  }
  EXPECT_TRUE(task.model()->is_training());
  EXPECT_EQ(metric(task.step(2), "loss"), metric(undisturbed.step(2), "loss"));
}

TEST(LewmTask, EvaluationInTheMiddleOfATrainingSeesItsWeights) {
  LewmTask task = small_task(120);
  task.start(0);
  for (int64_t step = 0; step < 60; ++step) task.step(step);
  const double lagging = metric(task.evaluate(), "held_out_skill_1");
  task.recalibrate();
  EXPECT_GT(metric(task.evaluate(), "held_out_skill_1"), lagging + 1);
}

TEST(LewmTask, RefusesDataOfAnotherActionSize) {
  LewmTrainData data = synthetic_data();
  data.actions.block = 3;
  EXPECT_THROW(LewmTask(small_lewm(), fast_training(), std::move(data), 4, 3), ConfigError);
}

TEST(LewmRecipe, SmallPresetHasItsSize) {
  const LewmRecipe recipe = lewm_recipe("lewm-s64");
  const Lewm model(recipe.model);
  int64_t parameters = 0;
  for (const Tensor& parameter : model->parameters()) parameters += parameter.numel();
  EXPECT_EQ(parameters, 1432910);
  EXPECT_THROW(lewm_recipe("lewm-s65"), ConfigError);
}

TEST(LewmTask, BFloat16LossesAndGradientsAreAboutThoseOfFloat32) {
  Lewm model(small_lewm());
  initialise(model, 3);
  const LewmBatch batch = synthetic_data().batch(0);
  const LewmLossConfig config = fast_training().loss;
  const Tensor directions = Random(3, Stream::kSigreg, 0).normal_tensor({model->config.embedding, config.projections});
  const auto run = [&](Precision precision) {
    const AutocastGuard guard(precision, at::kCPU);
    const Tensor loss =
        lewm_losses(model, synthetic_data().preprocess, batch.frames, batch.actions, directions, config, nullptr).total;
    loss.backward();
    std::pair result{loss.item<double>(), model->vit.cls.grad().norm().item<double>()};
    model->zero_grad();
    return result;
  };
  const auto [loss, gradient] = run(Precision::kFloat32);
  const auto [half_loss, half_gradient] = run(Precision::kBFloat16);
  EXPECT_NEAR(half_loss, loss, 0.05 * loss);
  EXPECT_NEAR(half_gradient, gradient, 0.1 * gradient);
  EXPECT_NE(half_loss, loss);                                    // it did run in bfloat16
  EXPECT_EQ(autocast_precision(at::kCPU), Precision::kFloat32);  // nothing is left switched on
}

TEST(LewmTask, BFloat16TrainsFloat32WeightsOnEveryMachine) {
  LewmTrainConfig config = fast_training();
  config.precision = Precision::kBFloat16;
  LewmTask task(small_lewm(), config, synthetic_data(), 8, 3);
  task.start(0);
  const double before = metric(task.step(0), "loss");
  for (int64_t step = 1; step < 7; ++step) task.step(step);
  EXPECT_LT(metric(task.step(7), "loss"), before);
  for (const auto& item : task.model()->named_parameters())
    EXPECT_EQ(item.value().scalar_type(), at::kFloat) << item.key();
}

TEST(LewmTask, WarnsOfCollapseWithNumbers) {
  const Metrics sound{{"held_out_effective_rank", 20.0}, {"held_out_mean_std", 0.9}};
  EXPECT_FALSE(collapse_warning(sound, 96, 64));
  const auto line = collapse_warning({{"held_out_effective_rank", 1.5}, {"held_out_mean_std", 0.9}}, 96, 64);
  ASSERT_TRUE(line);
  EXPECT_NE(line->find("1.5 of 96"), std::string::npos) << *line;
  EXPECT_TRUE(collapse_warning({{"held_out_effective_rank", 20.0}, {"held_out_mean_std", 0.01}}, 96, 64));
  const auto few = collapse_warning({{"held_out_effective_rank", 1.5}, {"held_out_mean_std", 0.9}}, 96, 1);
  ASSERT_TRUE(few);
  EXPECT_NE(few->find("1 held-out sequence look alike"), std::string::npos) << *few;
}

}  // namespace
}  // namespace foresee
