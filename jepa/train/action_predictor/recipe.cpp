#include "jepa/train/action_predictor/recipe.h"

#include "jepa/core/error.h"

namespace foresee {
namespace {

AcRecipe published_ac() {
  AcRecipe recipe;            // the defaults of the configs
  recipe.loop.steps = 94500;  // 315 epochs of 300
  recipe.loop.checkpoint_every = 300;
  recipe.loop.evaluate_every = 300;
  return recipe;
}

AcRecipe small_ac() {
  AcRecipe recipe;
  recipe.predictor.width = 192;
  recipe.predictor.depth = 4;
  recipe.predictor.heads = 6;
  recipe.state_update = StateUpdate::kNone;
  recipe.actions = ActionSource::kRecorded;
  recipe.train.frames = 4;
  recipe.train.batch = 16;
  recipe.train.peak_rate = 1e-3;
  recipe.frameskip = 5;
  recipe.loop = {.steps = 2000, .checkpoint_every = 200, .keep_checkpoints = 2, .evaluate_every = 200, .log_every = 10};
  return recipe;
}

}  // namespace

PretrainSchedule AcTrainConfig::schedule(int64_t steps) const {
  PretrainSchedule s;
  s.shape = RateShape::kWarmupStableDecay;
  s.start_rate = start_rate;
  s.peak_rate = peak_rate;
  s.final_rate = final_rate;
  s.weight_decay = weight_decay;
  s.final_weight_decay = final_weight_decay;
  s.epochs = 1;
  s.steps_per_epoch = static_cast<double>(steps);
  s.warmup_epochs = warmup;
  s.anneal_epochs = anneal;
  s.stretch = 1;
  return s;
}

void AcTrainConfig::validate() const {
  if (warmup + anneal > 1) fail<ConfigError>("warmup + anneal: expected at most 1, got {}", warmup + anneal);
}

void describe(Fields& f, AcTrainConfig& c) {
  f("batch", c.batch, "clips a step", {1, 65536});
  f("frames", c.frames, "of a clip", {2, 4096});
  f("start_rate", c.start_rate, "learning rate of the first step", {0});
  f("peak_rate", c.peak_rate, "learning rate after the warm-up", {0});
  f("final_rate", c.final_rate, "learning rate at the end", {0});
  f("warmup", c.warmup, "share of the steps in which the rate rises", {0, 1});
  f("anneal", c.anneal, "share of the steps in which it falls at the end", {0, 1});
  f("weight_decay", c.weight_decay, "of matrices, at the start", {0});
  f("final_weight_decay", c.final_weight_decay, "at the end", {0});
  f("beta1", c.beta1, "AdamW", {0, 1});
  f("beta2", c.beta2, "AdamW", {0, 1});
  f("eps", c.eps, "AdamW", {0});
  f("objective", c.objective, "the loss");
}

void AcRecipe::validate() const {
  if (actions == ActionSource::kStateChange && state_update == StateUpdate::kNone)
    fail<ConfigError>("actions: state_change needs states; state_update is none");
}

void describe(Fields& f, AcRecipe& r) {
  f("predictor", r.predictor, "architecture; action_size and state_size are taken from the data");
  f.choice("state_update", r.state_update, kStateUpdateNames,
           "how the robot's state follows an action; none: the predictor is told no states");
  f.choice("actions", r.actions, kActionSourceNames, "recorded: column action; state_change: from frame to frame");
  f("state_column", r.state_column, "column with the robot's state");
  f("action_low", r.action_low, "least value of each number of an action, its own units; none: as in the data");
  f("action_high", r.action_high, "largest value, same");
  f("extrinsics_column", r.extrinsics_column, "column with the camera's pose; used where predictor.use_extrinsics");
  f("train", r.train, "loss and optimizer");
  f("loop", r.loop, "steps, checkpoints, evaluation");
  f("frameskip", r.frameskip, "rows of the log between frames", {1, 10000});
  f.choice("picture", r.picture, kAcPicturesNames,
           "how pictures of another shape become the encoder's square; center_square: as published");
  f("episodes", r.episodes, "how the recorded episodes are read");
  f("held_out_sequences", r.held_out_sequences, "sequences evaluated, at most", {0, 1e6});
  f("held_out_horizon", r.held_out_horizon, "frames rolled out", {1, 1000});
}

PictureSpec ac_pictures(const AcRecipe& recipe, const PictureSpec& of_encoder, const VideoEncoderConfig& encoder) {
  PictureSpec spec = new_action_pictures(of_encoder, {.encoder = encoder});
  spec.cameras = recipe.episodes.cameras();
  if (recipe.picture == AcPictures::kCenterSquare && spec.cameras.size() < 2) return spec;
  spec.picture = recipe.picture == AcPictures::kCrop  ? PictureShape::kCrop
                 : recipe.picture == AcPictures::kPad ? PictureShape::kPad
                                                      : PictureShape::kResize;
  return with_transform(spec, PictureTransform::kFit);
}

const std::vector<std::string>& ac_presets() {
  static const std::vector<std::string> names{"vjepa2-ac", "vjepa2-ac-s"};
  return names;
}

AcRecipe ac_recipe(const std::string& preset) {
  if (preset == "vjepa2-ac") return published_ac();
  if (preset == "vjepa2-ac-s") return small_ac();
  fail<ConfigError>("unknown preset '{}' of family 'vjepa2_ac'{}", preset, suggestion(preset, ac_presets()));
}

}  // namespace foresee
