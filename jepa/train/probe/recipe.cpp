#include "jepa/train/probe/recipe.h"

namespace foresee {

void describe(Fields& f, ProbeTrainConfig& c) {
  f("batch", c.batch, "clips a step", {1, 65536});
  f("learning_rate", c.learning_rate, "of the first step, then half a cosine to 0", {0});
  f("weight_decay", c.weight_decay, "of every parameter", {0});
}

void describe(Fields& f, ProbeRecipe& r) {
  f("probe", r.probe, "architecture; width and classes are taken from encoder and list");
  f("train", r.train, "optimizer");
  f("loop", r.loop, "steps, checkpoints, evaluation");
  f("frames", r.frames, "of a clip", {2, 4096});
  f("frame_step", r.frame_step, "frames of the video from one of a clip to the next", {1, 10000});
}

}  // namespace foresee
