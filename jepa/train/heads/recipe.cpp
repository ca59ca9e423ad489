#include "jepa/train/heads/recipe.h"

namespace foresee {

void describe(Fields& f, LewmHeadsTrainConfig& c) {
  f("batch", c.batch, "pairs a step", {2, 65536});
  f("learning_rate", c.learning_rate, "peak, AdamW", {0});
  f("warmup_fraction", c.warmup_fraction, "of all steps, linear; then half a cosine to zero", {0, 1});
  f("weight_decay", c.weight_decay, "of every parameter of the heads", {0});
  f("pictures", c.pictures, "pictures a step, for the decoder", {1, 1e7});
  f("evaluated", c.evaluated, "held-out pairs that are evaluated", {2, 1e7});
  f("keep", c.keep, "heads that the model has in these sizes stay as they are: only new ones are fitted");
}

void describe(Fields& f, LewmHeadsRecipe& r) {
  f("init", r.init, "model folder or run whose LeWM gets the heads");
  f("heads", r.heads, "which heads, and their sizes");
  f("train", r.train, "optimizer and batches");
  f("loop", r.loop, "steps, checkpoints, evaluation");
  f("episodes", r.episodes, "how the recorded episodes are read");
}

}  // namespace foresee
