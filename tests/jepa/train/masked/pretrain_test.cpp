// Claims about pre-training: a run that is stopped and resumed ends bit for bit like one that was not; steps draw
// nothing from LibTorch's global generator; only what should be decayed, trained or averaged is; the score is what it
// says.
#include <gtest/gtest.h>

#include <filesystem>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/loss/latent_prediction.h"
#include "jepa/train/masked/task.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/stop_after.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

// 2 x 4 x 4 tokens, heads of 12 channels.
PretrainConfig tiny() {
  PretrainConfig config;
  auto& encoder = config.model.encoder;
  encoder.image_size = 16;
  encoder.frames = 4;
  encoder.patch_size = 4;
  encoder.width = 24;
  encoder.depth = encoder.heads = 2;
  auto& predictor = config.model.predictor;
  predictor.width = 24;
  predictor.depth = predictor.heads = predictor.mask_tokens = 2;
  config.optimizer.peak_rate = config.optimizer.final_rate = 2e-3;
  config.optimizer.ema_start = 0.99;
  config.optimizer.ema_end = 1.0;
  return config;
}

// A bright disc that wanders over a dark gradient: float [batch, 3, 4, 16, 16], a function of `step`.
Tensor moving_discs(uint64_t step, int64_t batch = 3) {
  const Random random(7, Stream::kTest, step);
  const Tensor axis = at::arange(16, at::kFloat);
  std::vector<Tensor> clips;
  for (int64_t b = 0; b < batch; ++b) {
    const auto draw = [&](int i) { return random.uniform(static_cast<uint64_t>(16 * b + i)); };
    std::vector<Tensor> frames;
    for (int t = 0; t < 4; ++t) {
      const Tensor dy = (axis - (4 + 8 * draw(0) + t * (draw(1) - 0.5) * 4)).unsqueeze(1);
      const Tensor dx = (axis - (4 + 8 * draw(2) + t * (draw(3) - 0.5) * 4)).unsqueeze(0);
      const Tensor disc = (-(dy * dy + dx * dx) / 12).exp() * 3 + axis.unsqueeze(0) * (draw(4) * 0.1);
      frames.push_back(at::stack({disc, disc * draw(5), 1 - disc}));
    }
    clips.push_back(at::stack(frames, 1));
  }
  return at::stack(clips);
}

PretrainClips clips() {
  return {.start = {},
          .batch = [](int64_t step) { return moving_discs(static_cast<uint64_t>(step)); },
          .held_out = moving_discs(1000000, 6)};
}

PretrainTask make_task(int64_t steps, const PretrainConfig& config = tiny(), uint64_t seed = 5) {
  return PretrainTask(config, clips(), {.steps = steps, .seed = seed, .evaluation_batch = 3, .preset = "tiny"});
}

TensorMap clone(const TensorMap& tensors) {
  TensorMap out;
  for (const auto& [name, value] : tensors) out[name] = value.clone();
  return out;
}

TensorMap all_weights(PretrainTask& task) {
  TensorMap all = with_prefix_added(clone(state_dict(task.networks().encoder())), "encoder.");
  all.merge(with_prefix_added(clone(state_dict(task.networks().predictor())), "predictor."));
  all.merge(with_prefix_added(clone(state_dict(task.networks().target_encoder())), "target_encoder."));
  return all;
}

void expect_identical(const TensorMap& a, const TensorMap& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, value] : a) EXPECT_TRUE(at::equal(value, b.at(name))) << name;
}

struct TempFolder {
  fs::path path = fs::temp_directory_path() / fmt::format("foresee_pretrain_{}", ::getpid());
  TempFolder() { fs::remove_all(path); }
  ~TempFolder() { fs::remove_all(path); }
};

TEST(Pretrain, StoppedAndResumedRunIsBitIdentical) {
  const LoopConfig loop{.steps = 9, .checkpoint_every = 4, .keep_checkpoints = 2, .evaluate_every = 5, .log_every = 1};
  auto config = tiny();
  config.model.encoder.drop_path = 0.2;  // drawn by (seed, step) too
  config.objective.covariance = 0.02;
  const TempFolder temp;
  const nlohmann::ordered_json written = config_json(config);

  RunFolder straight(temp.path / "straight", written);
  PretrainTask uninterrupted = make_task(loop.steps, config);
  EXPECT_EQ(run_loop(uninterrupted, loop, straight), LoopEnd::kFinished);

  for (const int64_t stop_at : {3, 4, 7}) {  // between checkpoints, at one, after one
    const fs::path path = temp.path / fmt::format("stopped-{}", stop_at);
    {
      RunFolder run(path, written);
      PretrainTask first = make_task(loop.steps, config);
      StopAfter stop(stop_at);
      EXPECT_EQ(run_loop(first, loop, run, stop.control()), LoopEnd::kInterrupted);
    }
    RunFolder run(path, written);
    PretrainTask second = make_task(loop.steps, config);
    EXPECT_EQ(run_loop(second, loop, run), LoopEnd::kFinished);
    expect_identical(all_weights(second), all_weights(uninterrupted));
    EXPECT_EQ(metric(second.evaluate(), "skill"), metric(uninterrupted.evaluate(), "skill"));
  }
}

TEST(Pretrain, CheckpointIsAModelFolder) {
  const TempFolder temp;
  PretrainTask task = make_task(4);
  task.step(0);
  task.save(temp.path);
  const LoadedVideoEncoder loaded = load_video_encoder(temp.path);
  const Tensor clip = moving_discs(3);
  torch::NoGradGuard no_grad;
  EXPECT_TRUE(at::equal(loaded.encoder->forward(clip), task.networks().encoder().forward(clip)));
  EXPECT_EQ(loaded.preprocess.size, 16);
  EXPECT_FALSE(loaded.encoder->parameters().front().requires_grad());
}

TEST(Pretrain, StepsLeaveTheGlobalGeneratorUntouched) {
  torch::manual_seed(3);
  const Tensor before = at::detail::getDefaultCPUGenerator().get_state().clone();
  auto config = tiny();
  config.model.encoder.drop_path = 0.2;
  PretrainTask task = make_task(3, config);
  task.step(0);
  task.evaluate();
  task.step(1);
  EXPECT_TRUE(at::equal(at::detail::getDefaultCPUGenerator().get_state(), before));
}

TEST(Pretrain, SeedDecidesTheRunAndNothingElse) {
  PretrainTask a = make_task(5), b = make_task(5), c = make_task(5, tiny(), /*seed=*/6);
  torch::manual_seed(1);
  a.step(0);
  torch::manual_seed(2);
  b.evaluate();
  b.step(0);
  c.step(0);
  expect_identical(all_weights(a), all_weights(b));
  EXPECT_FALSE(at::equal(all_weights(a).at("encoder.norm.bias"), all_weights(c).at("encoder.norm.bias")));
}

TEST(Pretrain, EvaluationChangesNothingAndRepeats) {
  PretrainTask task = make_task(5);
  task.step(0);
  const TensorMap before = all_weights(task);
  const Metrics first = task.evaluate(), second = task.evaluate();
  expect_identical(all_weights(task), before);
  EXPECT_EQ(first, second);
  for (const auto& parameter : task.networks().encoder().parameters()) EXPECT_FALSE(parameter.grad().defined());
}

TEST(Pretrain, LearnsToPredictMovingDiscs) {
  PretrainTask task = make_task(150);
  const Metrics start = task.evaluate();
  for (int64_t step = 0; step < 150; ++step) task.step(step);
  const Metrics end = task.evaluate();
  EXPECT_GT(metric(end, "skill"), metric(start, "skill") + 0.05);
  EXPECT_GT(metric(end, "skill"), 0);
}

TEST(Pretrain, CovarianceTermKeepsFeaturesApart) {
  const auto rank_after = [](double weight) {
    auto config = tiny();
    config.objective.covariance = weight;
    PretrainTask task = make_task(60, config);
    for (int64_t step = 0; step < 60; ++step) task.step(step);
    return metric(task.evaluate(), "effective_rank");
  };
  EXPECT_GT(rank_after(0.1), rank_after(0.0) + 1);
}

// A target that is the encoder itself lets both agree on features that say nothing.
TEST(Pretrain, ACollapseIsSeenAndSaid) {
  auto config = tiny();
  config.optimizer.ema_start = config.optimizer.ema_end = 0;
  PretrainTask task = make_task(300, config);
  const Metrics start = task.evaluate();
  EXPECT_EQ(metric(start, "collapse"), 0);
  const LogCapture log;
  for (int64_t step = 0; step < 300; ++step) task.step(step);
  const Metrics end = task.evaluate();
  EXPECT_LT(metric(end, "between_clips"), 0.5 * metric(start, "between_clips"));
  EXPECT_EQ(metric(end, "collapse"), 1);
  EXPECT_NE(log.text().find("the features collapse"), std::string::npos) << log.text();
  EXPECT_NE(task.headline(end).find("COLLAPSE"), std::string::npos);
}

// Each number alone; and a run at the bound does not change its mind at every score.
TEST(Pretrain, AnyOfThreeSpreadsBelowHalfIsACollapseUntilAllAreBackAtThreeQuarters) {
  const FeatureSpread start{.between_clips = 0.9, .between_positions = 0.6, .rank_clips = 4, .rank_positions = 6};
  EXPECT_FALSE(has_collapsed(start, start));
  for (double FeatureSpread::*member : {&FeatureSpread::between_clips, &FeatureSpread::rank_clips,
                                        &FeatureSpread::between_positions, &FeatureSpread::rank_positions}) {
    FeatureSpread low = start, middle = start, high = start;
    low.*member = 0.49 * start.*member;
    middle.*member = 0.6 * start.*member;
    high.*member = 0.8 * start.*member;
    EXPECT_TRUE(has_collapsed(start, low));
    EXPECT_FALSE(has_collapsed(start, middle));
    EXPECT_TRUE(has_collapsed(start, middle, /*before=*/true));
    EXPECT_FALSE(has_collapsed(start, high, /*before=*/true));
  }
  // Brighter or darker clips alone: the share between clips even rises, the places of a clip are lost.
  EXPECT_TRUE(
      has_collapsed(start, {.between_clips = 0.97, .between_positions = 0.33, .rank_clips = 2.4, .rank_positions = 4}));
}

// Both are off by default: the published loss is what it was.
TEST(Pretrain, TheDenseLossAddsContextTokensAndLeavesTheHiddenOnesAsTheyAre) {
  PretrainTask task = make_task(5);
  const Tensor shown = moving_discs(1);
  const auto masks = PretrainMasks().groups();
  const PretrainEvaluation batch = make_evaluation(shown, masks, tiny().model.encoder.tubelet(), 3, 1);
  const PretrainForward plain = task.networks().forward(batch);
  const PretrainForward dense = task.networks().forward(batch, {.context = 0.5});
  EXPECT_TRUE(at::equal(plain.loss, plain.prediction_loss));
  EXPECT_TRUE(at::allclose(plain.prediction_loss, dense.prediction_loss, 1e-5, 1e-6));
  ASSERT_EQ(plain.predictions[0].size(), dense.predictions[0].size());
  EXPECT_EQ(plain.predictions[0][0].sizes(), dense.predictions[0][0].sizes());
  const double added = (dense.loss - dense.prediction_loss).item<double>();
  EXPECT_GT(added, 0);
  const PretrainForward twice = task.networks().forward(batch, {.context = 1.0});
  EXPECT_NEAR((twice.loss - twice.prediction_loss).item<double>(), 2 * added, 1e-5);
}

TEST(Pretrain, ATargetOfSeveralLevelsIsTheirMeanLayerNormed) {
  PretrainTask task = make_task(5);
  const Tensor shown = moving_discs(1);
  const TubeletSize tubelet = tiny().model.encoder.tubelet();
  const Tensor cut = unfold_tubelets(shown, tubelet);
  const TokenGrid grid = tubelet.grid(shown);
  const torch::NoGradGuard no_grad;
  const std::vector<int64_t> both{0, 1};
  const auto levels = task.networks().target_encoder().forward_levels(shown, both);
  const Tensor expected = latent_targets((latent_targets(levels[0]) + latent_targets(levels[1])) / 2);
  const Tensor last = task.networks().targets(cut, grid);
  EXPECT_TRUE(at::allclose(task.networks().targets(cut, grid, 2), expected, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(last, latent_targets(levels[1]), 1e-5, 1e-6));
  EXPECT_FALSE(at::allclose(last, expected, 1e-2, 1e-2));
  auto config = tiny();
  config.objective.target_levels = 3;
  EXPECT_TRUE(says(refusal_of<ConfigError>([&] { config.validate(); }), "objective.target_levels: expected at most"));
}

// V-JEPA 2.1: every level is a target of its own, and the encoder learns at every level.
TEST(Pretrain, DeepSupervisionPredictsEveryLevelSideBySide) {
  auto config = tiny();
  config.model.predictor.levels = 2;
  PretrainTask task = make_task(5, config);
  const Tensor shown = moving_discs(1);
  const TubeletSize tubelet = config.model.encoder.tubelet();
  const std::vector<int64_t> both{0, 1};
  const int64_t width = config.model.encoder.width;
  {
    const torch::NoGradGuard no_grad;
    const auto levels = task.networks().target_encoder().forward_levels(shown, both);
    const Tensor targets = task.networks().targets(unfold_tubelets(shown, tubelet), tubelet.grid(shown));
    EXPECT_TRUE(at::allclose(targets.narrow(2, 0, width), latent_targets(levels[0]), 1e-5, 1e-6));
    EXPECT_TRUE(at::allclose(targets.narrow(2, width, width), latent_targets(levels[1]), 1e-5, 1e-6));
  }
  const PretrainEvaluation batch = make_evaluation(shown, config.masks.groups(), tubelet, 3, 1);
  const PretrainForward forward = task.networks().forward(batch, {.context = 0.5});
  EXPECT_EQ(forward.predictions[0][0].size(2), 2 * width);
  forward.loss.backward();
  for (const auto& entry : task.networks().encoder().named_parameters())
    EXPECT_TRUE(entry.value().grad().defined()) << entry.key();
  EXPECT_FALSE(std::isnan(metric(task.step(0), "loss")));
  config.objective.target_levels = 2;
  EXPECT_TRUE(says(refusal_of<ConfigError>([&] { config.validate(); }), "leave one of them at 1"));
}

TEST(Pretrain, TheWeightOfTheContextRisesInALineInItsShareOfTheRun) {
  const PretrainObjective objective{.context = 0.6, .context_warmup = {0.2, 0.4}};
  EXPECT_EQ(objective.at(0).context, 0);
  EXPECT_EQ(objective.at(0.2).context, 0);
  EXPECT_NEAR(objective.at(0.3).context, 0.3, 1e-12);
  EXPECT_EQ(objective.at(0.4).context, 0.6);
  EXPECT_EQ(PretrainObjective{.context = 0.6}.at(0).context, 0.6) << "no warm-up by default";
  PretrainObjective wrong{.context_warmup = {0.5, 0.1}};
  EXPECT_TRUE(says(refusal_of<ConfigError>([&] { wrong.validate(); }), "begin at most end"));
}

// SIGReg over its samples is 0 for a Gaussian cloud and near its largest value for equal features.
TEST(Pretrain, SigregKeepsFeaturesApartAndIsAFunctionOfTheStep) {
  const auto after = [](Regulariser regulariser) {
    auto config = tiny();
    config.objective.regulariser = regulariser;
    config.optimizer.ema_start = config.optimizer.ema_end = 0.9;
    PretrainTask task = make_task(120, config);
    for (int64_t step = 0; step < 120; ++step) task.step(step);
    return task.evaluate();
  };
  const Metrics with = after(Regulariser::kSigreg), without = after(Regulariser::kNone);
  EXPECT_GT(metric(with, "between_clips"), 2 * metric(without, "between_clips"));
  PretrainTask task = make_task(5);
  const PretrainEvaluation batch =
      make_evaluation(moving_discs(1), PretrainMasks().groups(), tiny().model.encoder.tubelet(), 3, 1);
  const auto loss = [&](const PretrainObjective& objective, int64_t step) {
    return task.networks().forward(batch, objective, nullptr, step).loss.item<double>();
  };
  const PretrainObjective tokens{.regulariser = Regulariser::kSigreg};
  const PretrainObjective pooled{.regulariser = Regulariser::kSigreg, .sigreg_tokens = 0, .sigreg_pooled = 0.1};
  const double plain = loss({}, 0);
  EXPECT_GT(loss(tokens, 0), plain);
  EXPECT_GT(loss(pooled, 0), plain);
  EXPECT_EQ(loss(tokens, 0), loss(tokens, 0));
  EXPECT_NE(loss(tokens, 0), loss(tokens, 1)) << "other directions";
  EXPECT_EQ(loss({.regulariser = Regulariser::kSigreg, .sigreg_tokens = 0}, 0), plain);
  EXPECT_NE(loss({.steady = 0.3}, 0), plain);
  EXPECT_EQ(loss({.regulariser = Regulariser::kNone, .steady = 0.3}, 0), plain) << "every remedy is off";
}

// The predictor copies what every clip has at a place: a skill against the mean of the context, none against the
// constant.
TEST(Pretrain, SkillAgainstTheBestConstantIsBelowThatOfTheContextWhereTokensTellTheirPlace) {
  PretrainTask task = make_task(5);
  const Metrics row = task.evaluate();
  EXPECT_LT(metric(row, "l1_constant"), metric(row, "l1_baseline"));
  EXPECT_LT(metric(row, "skill_constant"), metric(row, "skill"));
}

TEST(Pretrain, AClipIsFoundAgainByItsOtherCrop) {
  PretrainClips with_crops = clips();
  EXPECT_TRUE(std::isnan(metric(make_task(5).evaluate(), "retrieval"))) << "no other crops, no retrieval";
  with_crops.other_crops = with_crops.held_out.flip(4);
  const Metrics row = PretrainTask(tiny(), with_crops, {.steps = 5, .seed = 5, .evaluation_batch = 3}).evaluate();
  EXPECT_NEAR(metric(row, "retrieval_chance"), 1.0 / 6, 1e-12);
  with_crops.other_crops = with_crops.held_out;
  EXPECT_EQ(
      metric(PretrainTask(tiny(), with_crops, {.steps = 5, .seed = 5, .evaluation_batch = 3}).evaluate(), "retrieval"),
      1);
}

TEST(Pretrain, ALossThatIsNotFiniteLeavesTheClipsThatDidIt) {
  PretrainClips broken = clips();
  broken.batch = [](int64_t step) {
    Tensor batch = moving_discs(static_cast<uint64_t>(step));
    return step == 2 ? batch.fill_(std::nan("")) : batch;
  };
  broken.sources = [](int64_t step) { return std::vector<std::string>{fmt::format("film-{}.mp4", step)}; };
  const TempFolder temp;
  RunFolder run(temp.path / "run", config_json(tiny()));
  PretrainTask task(tiny(), broken, {.steps = 9, .seed = 5, .evaluation_batch = 3});
  const LoopConfig loop{.steps = 9, .checkpoint_every = 2, .keep_checkpoints = 2, .evaluate_every = 9, .log_every = 1};
  const std::string message = refusal_of<Error>([&] { run_loop(task, loop, run); });
  const fs::path kept = temp.path / "run/bad_batch.safetensors";
  EXPECT_NE(message.find("step 2: the loss is"), std::string::npos) << message;
  EXPECT_NE(message.find("step-2"), std::string::npos) << message << ": the last good checkpoint";
  EXPECT_NE(message.find(kept.string() + ": film-2.mp4"), std::string::npos) << message;
  EXPECT_TRUE(load_safetensors(kept).at("clips").isnan().all().item<bool>());
}

TEST(Pretrain, OnlyMatricesAndMaskTokensAreDecayed) {
  PretrainTask task = make_task(5);
  const auto& groups = task.networks().optimizer().groups();
  ASSERT_EQ(groups.size(), 4u);
  const std::vector<std::string> prefix{"encoder.", "predictor.", "encoder.", "predictor."};
  size_t parameters = 0;
  for (size_t i = 0; i < 4; ++i)
    for (const auto& [name, value] : groups[i].parameters) {
      EXPECT_TRUE(name.starts_with(prefix[i])) << name;
      EXPECT_EQ(value.dim() > 1 && name.find("bias") == std::string::npos, i < 2) << name;
      ++parameters;
    }
  EXPECT_EQ(parameters,
            task.networks().encoder().parameters().size() + task.networks().predictor().parameters().size());
  task.step(0);
  EXPECT_GT(groups[0].weight_decay, 0);
  EXPECT_EQ(groups[2].weight_decay, 0);
}

TEST(Pretrain, UnusedMaskTokenIsNeverTouched) {
  auto config = tiny();
  config.model.predictor.zero_init_mask_tokens = false;  // a zero would hide its decay
  PretrainTask task = make_task(5, config);
  const TensorMap before = all_weights(task);
  for (int64_t step = 0; step < 3; ++step) task.step(step);
  const TensorMap after = all_weights(task);
  EXPECT_TRUE(at::equal(after.at("predictor.mask_tokens.1"), before.at("predictor.mask_tokens.1")));
  EXPECT_FALSE(at::equal(after.at("predictor.mask_tokens.0"), before.at("predictor.mask_tokens.0")));
}

TEST(Pretrain, TargetEncoderIsTheMovingAverage) {
  PretrainTask task = make_task(10);
  const TensorMap before = all_weights(task);
  const double momentum = metric(task.step(0), "ema_momentum");
  const TensorMap after = all_weights(task);
  EXPECT_EQ(momentum, 0.99);
  for (const auto& [name, value] : with_prefix_removed(after, "target_encoder."))
    EXPECT_TRUE(at::allclose(
        value, before.at("target_encoder." + name) * momentum + after.at("encoder." + name) * (1 - momentum)))
        << name;
}

TEST(Pretrain, Float32AgreesWithFloat64) {
  const auto config = tiny();
  const auto batch = make_evaluation(moving_discs(1), config.masks.groups(), config.model.encoder.tubelet(), 3, 1);
  MaskedPretrainer single(config.model, {}, 1), twice(config.model, {}, 1);
  twice.to(at::kCPU, at::kDouble);
  const PretrainBucket bucket64{batch[0].clips.to(at::kDouble), batch[0].masks};
  const Tensor loss = single.forward(batch).loss, loss64 = twice.forward({&bucket64, 1}).loss;
  EXPECT_NEAR(loss.item<double>(), loss64.item<double>(), 1e-6);
  loss.backward();
  loss64.backward();
  const auto a = single.encoder().named_parameters(), b = twice.encoder().named_parameters();
  for (const auto& entry : a)
    EXPECT_TRUE(at::allclose(entry.value().grad().to(at::kDouble), b[entry.key()].grad(), 1e-3, 1e-6)) << entry.key();
}

TEST(PretrainScore, SkillIsMeasuredAgainstTheMeanOfTheContext) {
  const auto config = tiny();
  const MaskedPretrainer networks(config.model, {}, 2);
  const auto held_out =
      make_evaluation(moving_discs(4, 2), config.masks.groups(), config.model.encoder.tubelet(), 2, 9);
  const PretrainScore score = evaluate_pretraining(networks, held_out);
  torch::NoGradGuard no_grad;
  const Tensor h = latent_targets(networks.target_encoder().forward(held_out[0].clips));
  double baseline = 0;
  for (const auto& masks : held_out[0].masks)
    for (int64_t b = 0; b < 2; ++b) {
      const Tensor mean = h[b].index_select(0, masks.context[b]).mean(0);
      baseline += (h[b].index_select(0, masks.target[b]) - mean).abs().mean().item<double>() / 4;
    }
  EXPECT_NEAR(score.l1_baseline, baseline, 1e-6);
  EXPECT_NEAR(score.skill(), 1 - score.l1_model / baseline, 1e-6);
  EXPECT_EQ(PretrainScore{}.skill(), 0);
}

TEST(PretrainTask, RefusesClipsOfAnotherSize) {
  PretrainClips wrong = clips();
  wrong.batch = [](int64_t) { return at::zeros({1, 3, 4, 20, 20}); };
  PretrainTask task(tiny(), wrong, {.steps = 1, .evaluation_batch = 3});
  EXPECT_THROW(task.step(0), Error);
}

}  // namespace
}  // namespace foresee
