#include "foresee/pretrain/recipe.h"

#include <algorithm>

#include "jepa/core/error.h"

namespace foresee {
namespace {

PretrainRecipe nano() {
  PretrainRecipe recipe;
  auto& model = recipe.training.model;
  model.encoder.image_size = 32;
  model.encoder.frames = 4;
  model.encoder.patch_size = 8;
  model.encoder.width = 64;
  model.encoder.depth = 4;
  model.encoder.heads = 4;
  model.predictor.width = 48;
  model.predictor.depth = 2;
  model.predictor.heads = 4;
  model.predictor.mask_tokens = 2;
  // Slow targets: a run of a minute never sees the collapse and recovery of a long run's first epochs.
  auto& optimizer = recipe.training.optimizer;
  optimizer.peak_rate = 1e-3;
  optimizer.final_rate = 1e-4;
  optimizer.ema_start = 0.999;
  optimizer.ema_end = 1.0;
  // One half of the time is predicted from the other, by both groups: blocks that hide the whole time are filled in
  // from what lies beside them, without a look at motion.
  recipe.training.masks.short_range = recipe.training.masks.long_range = {
      .num_blocks = 1, .spatial_scale = {1, 1}, .temporal_scale = {0.5, 0.5}, .aspect_ratio = {1, 1}};
  // The slow target alone does not keep the features of little video apart; VICReg's terms do.
  recipe.training.objective.variance = 0.1;
  recipe.training.objective.covariance = 0.01;
  // The loss favours what stays the same over a clip; without this, long runs lose motion.
  recipe.training.objective.steady = 0.3;
  recipe.loader.batch = 16;
  recipe.loader.clip.fps = 2.5;   // four frames span more than a second, in which things move by more than a pixel
  recipe.loader.short_side = 48;  // decoded near the crop's size: shrinking without antialiasing makes noise
  recipe.loop = {.steps = 2500, .checkpoint_every = 250, .keep_checkpoints = 2, .evaluate_every = 150, .log_every = 10};
  return recipe;
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
  names.insert(names.begin(), kUsualPretrainPreset);
  return names;
}

PretrainRecipe pretrain_recipe(const std::string& preset) {
  if (preset == kUsualPretrainPreset) return nano();
  const auto names = pretrain_presets();
  if (std::find(names.begin(), names.end(), preset) == names.end())
    fail<ConfigError>("unknown preset '{}'{}", preset, suggestion(preset, names));
  PretrainRecipe recipe;
  recipe.training.model.encoder = video_encoder_preset(preset);
  recipe.loop = {
      .steps = 240000, .checkpoint_every = 1000, .keep_checkpoints = 2, .evaluate_every = 1000, .log_every = 10};
  return recipe;
}

}  // namespace foresee
