#pragma once

#include <cstdint>

#include "jepa/model/vjepa2/probe.h"
#include "jepa/train/loop.h"

namespace foresee {

/// How an attentive probe is trained: V-JEPA 2's frozen evaluations, at one of the rates that they sweep.
struct ProbeTrainConfig {
  int64_t batch = 4;            // clips a step
  double learning_rate = 1e-3;  // at the first step, then half a cosine to 0; upstream sweeps 1e-4 to 5e-3
  double weight_decay = 0.01;   // of every parameter, biases and norms too; upstream sweeps 0.01 to 0.8
};
void describe(Fields& fields, ProbeTrainConfig& config);

/// All that training an attentive probe is configured by.
struct ProbeRecipe {
  ProbeConfig probe;  // width and classes come from encoder and list
  ProbeTrainConfig train;
  LoopConfig loop{
      .steps = 1000, .checkpoint_every = 200, .keep_checkpoints = 2, .evaluate_every = 100, .log_every = 10};
  int64_t frames = 16;     // of a clip
  int64_t frame_step = 4;  // frames of the video from one of a clip to the next
};
void describe(Fields& fields, ProbeRecipe& recipe);

}  // namespace foresee
