#include "jepa/train/lewm/recipe.h"

#include "jepa/core/error.h"

namespace foresee {
namespace {

LewmRecipe published() {
  LewmRecipe recipe;           // the defaults of the configs
  recipe.loop.steps = 140000;  // ten epochs of 1.8 M clips
  recipe.loop.checkpoint_every = 1000;
  recipe.loop.evaluate_every = 1000;
  return recipe;
}

LewmRecipe small() {
  LewmRecipe recipe;
  recipe.model.vit = {.image_size = 64, .patch = 8, .width = 96, .layers = 4, .heads = 3, .mlp = 384};
  recipe.model.predictor = {.frames = 3, .width = 96, .layers = 4, .heads = 4, .head_dim = 32, .mlp = 384};
  recipe.model.embedding = 96;
  recipe.model.projector_hidden = recipe.model.prediction_hidden = 512;
  recipe.train.batch = 64;
  recipe.train.learning_rate = 1e-3;
  recipe.loop = {.steps = 1800, .checkpoint_every = 300, .keep_checkpoints = 2, .evaluate_every = 300, .log_every = 10};
  return recipe;
}

LewmRecipe small_push_t() {
  LewmRecipe recipe = small();
  recipe.loop.steps = 5400;
  return recipe;
}

}  // namespace

void describe(Fields& f, LewmTrainConfig& c) {
  f("batch", c.batch, "clips a step", {2, 65536});
  f("learning_rate", c.learning_rate, "peak, AdamW", {0});
  f("warmup_fraction", c.warmup_fraction, "of all steps, linear; then half a cosine to zero", {0, 1});
  f("weight_decay", c.weight_decay, "of every parameter, biases and norms too", {0});
  f("clip_norm", c.clip_norm, "global gradient norm; 0: not clipped", {0});
  f.choice("precision", c.precision, kPrecisionNames,
           "of the large products, where it is faster; weights, updates, norms and losses stay float32");
  f("loss", c.loss, "prediction and SIGReg");
}

void describe(Fields& f, RehearsalConfig& c) {
  f("data", c.data, "episode files of the scene that `init` knew; none: nothing is rehearsed");
  f("share", c.share, "of every batch that comes from them", {0, 1});
  f("most_fall", c.most_fall, "of their held-out skill; beyond it training goes back to the last good weights", {0});
}

void describe(Fields& f, LewmRecipe& r) {
  f("model", r.model, "architecture");
  f("train", r.train, "loss and optimizer");
  f("loop", r.loop, "steps, checkpoints, evaluation");
  f("frameskip", r.frameskip, "environment steps per frame and action block", {1, 10000});
  f.choice("actions", r.actions, kActionScalingNames, "how actions are normalised, by the training episodes' numbers");
  f("action_low", r.action_low, "least value of each number of an action, its own units; none: as in the data");
  f("action_high", r.action_high, "largest value, same");
  f.choice("picture", r.picture, kPictureRuleNames, "how pictures of another shape become the model's square");
  f("episodes", r.episodes, "how the recorded episodes are read");
  f("init", r.init, "model folder or run that training begins with: its architecture and actions; else fresh weights");
  f("rehearsal", r.rehearsal, "keeping what `init` knew");
  f("held_out_sequences", r.held_out_sequences, "sequences evaluated, at most", {0, 1e6});
  f("held_out_horizon", r.held_out_horizon, "blocks rolled out beyond the history", {1, 1000});
  f("probe_frames", r.probe_frames, "frames of training episodes that probes are fitted on; 0: half of the sequences",
    {0, 1e7});
}

const std::vector<std::string>& lewm_presets() {
  static const std::vector<std::string> names{"lewm", "lewm-s64", "lewm-s64-pusht"};
  return names;
}

LewmRecipe lewm_recipe(const std::string& preset) {
  if (preset == "lewm") return published();
  if (preset == "lewm-s64") return small();
  if (preset == "lewm-s64-pusht") return small_push_t();
  fail<ConfigError>("unknown preset '{}' of family 'lewm'{}", preset, suggestion(preset, lewm_presets()));
}

}  // namespace foresee
