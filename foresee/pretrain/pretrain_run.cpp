#include "foresee/pretrain/pretrain_run.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "data/clip/clip_reader.h"
#include "data/picture/transform.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/io/checkpoint.h"

namespace foresee::tools {
namespace {

constexpr const char* kNano = "vjepa2-nano";

PretrainRecipe nano() {
  PretrainRecipe recipe;
  auto& model = recipe.training.model;
  model.encoder.image_size = 32;
  model.encoder.frames = 4;
  model.encoder.patch_size = 4;
  model.encoder.width = 64;
  model.encoder.depth = 4;
  model.encoder.heads = 4;
  model.predictor.width = 48;
  model.predictor.depth = 2;
  model.predictor.heads = 4;
  model.predictor.mask_tokens = 2;
  // Slow targets and a small rate: a run of a minute never sees the collapse and recovery of a long run's first epochs.
  auto& optimizer = recipe.training.optimizer;
  optimizer.peak_rate = 3e-4;
  optimizer.final_rate = 1e-4;
  optimizer.ema_start = 0.999;
  optimizer.ema_end = 1.0;
  // Little video has few directions to tell apart; VICReg's covariance term keeps a short run from losing some.
  recipe.training.objective.covariance = 0.01;
  recipe.loader.batch = 8;
  recipe.loader.clip.fps = 12;
  recipe.loader.short_side = 48;  // decoded near the crop's size: shrinking without antialiasing makes noise
  recipe.loop = {.steps = 2500, .checkpoint_every = 250, .keep_checkpoints = 2, .evaluate_every = 150, .log_every = 10};
  return recipe;
}

/// Everything that decides the result, as it is written into the run folder.
struct ResolvedConfig {
  std::string family = "vjepa2", preset;
  int64_t seed = 0;
  std::vector<std::string> videos;
  PretrainRecipe recipe;
};

void describe(Fields& f, ResolvedConfig& c) {
  f("family", c.family, "model family");
  f("preset", c.preset, "where the defaults come from");
  f("seed", c.seed, "of weights, order of clips, crops and masks");
  f("videos", c.videos, "files that are learned from");
  describe(f, c.recipe);
}

/// Clips of the held-out frames, fixed: the loader's own draws without crop and flip, from a seed of their own.
Tensor held_out_clips(const data::VideoSet& videos, const std::vector<data::FrameRange>& ranges,
                      const PretrainRecipe& recipe, const data::Normalisation& normalisation, uint64_t seed) {
  data::VideoLoaderConfig config = recipe.loader;
  config.augment = false;
  config.batch = recipe.held_out_clips;
  config.ahead = 0;
  return data::VideoLoader(videos, ranges, config, normalisation, ~seed).batch(0).frames;
}

Metrics score_at(const std::vector<std::pair<int64_t, Metrics>>& rows, bool last) {
  Metrics found;
  for (const auto& [step, metrics] : rows) {
    if (std::isnan(metric(metrics, "skill"))) continue;
    found = metrics;
    if (!last) break;
  }
  return found;
}

}  // namespace

void PretrainRecipe::validate() {
  loader.size = training.model.encoder.image_size;
  loader.clip.frames = training.model.encoder.frames;
  training.validate();
}

void PretrainRecipe::cool_down() {
  training.optimizer.cool_down();
  if (training.model.encoder.frames == 16) training.model.encoder.frames = 64;
}

void describe(Fields& f, PretrainRecipe& r) {
  describe(f, r.training);
  f("loader", r.loader, "how clips are drawn and decoded; size and frames follow the encoder");
  f("hold_out", r.hold_out, "what is kept from training");
  f("held_out_clips", r.held_out_clips, "clips of the evaluation", {1, 1e6});
  f("from", r.from, "checkpoint whose networks and optimizer the run begins with; empty: fresh weights");
  f("loop", r.loop, "steps, checkpoints, evaluation");
}

std::vector<std::string> pretrain_presets() {
  std::vector<std::string> names = video_encoder_presets();
  names.insert(names.begin(), kNano);
  return names;
}

PretrainRecipe pretrain_recipe(const std::string& preset) {
  if (preset == kNano) return nano();
  const auto names = pretrain_presets();
  if (std::find(names.begin(), names.end(), preset) == names.end())
    fail<ConfigError>("unknown preset '{}'{}", preset, suggestion(preset, names));
  PretrainRecipe recipe;
  recipe.training.model.encoder = video_encoder_preset(preset);
  recipe.loop = {
      .steps = 240000, .checkpoint_every = 1000, .keep_checkpoints = 2, .evaluate_every = 1000, .log_every = 10};
  return recipe;
}

PretrainOutcome run_pretraining(const data::VideoSet& videos, const PretrainRequest& request,
                                const JobControl& control) {
  PretrainRecipe recipe = request.recipe;
  recipe.validate();
  const data::VideoSplit split = data::hold_out(videos, recipe.hold_out);
  if (split.train.empty() || split.held_out.empty())
    fail<DataError>("the videos are too short to learn from and to test on ({}); give more or longer ones", split.rule);
  log_info("{} videos, {} frames, {}", videos.files.size(), videos.frame_count(), split.rule);

  ResolvedConfig resolved{.preset = request.preset, .seed = static_cast<int64_t>(request.seed), .recipe = recipe};
  for (const auto& file : videos.files) resolved.videos.push_back(file.path.string());
  const Preprocess preprocess{.size = recipe.loader.size};
  const data::Normalisation normalisation;  // ImageNet's, as Preprocess
  data::VideoLoader loader(videos, split.train, recipe.loader, normalisation, request.seed);
  PretrainClips clips;
  clips.start = [&](int64_t step) { loader.start(step); };
  clips.batch = [&](int64_t step) { return loader.batch(step).frames; };
  clips.held_out = held_out_clips(videos, split.held_out, recipe, normalisation, request.seed);
  PretrainTask task(recipe.training, std::move(clips),
                    {.steps = recipe.loop.steps,
                     .seed = request.seed,
                     .device = request.device,
                     .evaluation_batch = recipe.loader.batch,
                     .preprocess = preprocess,
                     .preset = request.preset});

  // Before the run folder is made: a wrong path leaves nothing behind that would refuse the right one.
  if (!recipe.from.empty() && !latest_checkpoint_step(request.out)) {
    task.begin_with(recipe.from);
    log_info("begins with {}", recipe.from);
  }
  RunFolder run(request.out, config_json(resolved));
  const auto begin = std::chrono::steady_clock::now();
  const LoopEnd end = run_loop(task, recipe.loop, run, control);
  const auto rows = read_metrics(run.metrics_path());
  PretrainOutcome outcome;
  outcome.steps = run.latest_step().value_or(0);
  outcome.interrupted = end == LoopEnd::kInterrupted;
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  outcome.start = score_at(rows, /*last=*/false);
  outcome.end = score_at(rows, /*last=*/true);
  outcome.model = run.checkpoint_path(outcome.steps);
  outcome.hold_out_rule = split.rule;
  return outcome;
}

}  // namespace foresee::tools
