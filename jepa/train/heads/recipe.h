#pragma once

#include <cstdint>
#include <string>

#include "jepa/model/lewm/config.h"
#include "jepa/train/episode_reading.h"
#include "jepa/train/later_keys.h"
#include "jepa/train/loop.h"

namespace foresee {

/// Keys of a run that came later.
inline constexpr LaterKey kLewmHeadsLaterKeys[] = {{"/episodes/camera", R"("")"}, {"/episodes/tolerance_s", "0.0"},
                                                   {"/episodes/strict", "false"}, {"/episodes/allow", "[]"},
                                                   {"/episodes/hold_out", "[]"},  {"/train/keep", "false"}};

/// How heads are fitted.
struct LewmHeadsTrainConfig {
  int64_t batch = 512;  // pairs a step
  double learning_rate = 1e-3;
  double warmup_fraction = 0.01;
  double weight_decay = 1e-3;
  int64_t pictures = 32;     // a step, for the decoder
  int64_t evaluated = 4096;  // held-out pairs
  bool keep = false;         // heads that the model has in these sizes stay as they are: only new ones are fitted
};
void describe(Fields& fields, LewmHeadsTrainConfig& config);

/// A run that fits heads.
struct LewmHeadsRecipe {
  std::string init;  // model folder or run whose LeWM gets the heads
  LewmHeadsConfig heads{.inverse_hidden = 256, .distance_hidden = 256, .decoder_width = 0};
  LewmHeadsTrainConfig train;
  EpisodeReading episodes;
  LoopConfig loop{
      .steps = 4000, .checkpoint_every = 2000, .keep_checkpoints = 1, .evaluate_every = 1000, .log_every = 50};
};
void describe(Fields& fields, LewmHeadsRecipe& recipe);

}  // namespace foresee
