#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/clip/loader.h"
#include "data/clip/video_set.h"
#include "jepa/train/loop.h"
#include "jepa/train/masked/task.h"

namespace foresee::tools {

/// All that a pretraining run is configured by, besides its data and seed.
struct PretrainRecipe {
  PretrainConfig training;         // networks, masks, optimizer
  data::VideoLoaderConfig loader;  // size and frames follow the encoder
  data::HoldOutConfig hold_out;
  int64_t held_out_clips = 48;  // evaluated, evenly over the held-out frames
  std::string from;             // PretrainTask::begin_with; empty: fresh weights
  LoopConfig loop;

  /// Takes picture size and frames of a clip over from the encoder, and checks the rest.
  void validate();
  /// The published second stage (PretrainOptimizer::cool_down): clips of 64 frames where the first stage had 16.
  void cool_down();
};
void describe(Fields& fields, PretrainRecipe& recipe);

/// Names of the presets: vjepa2-nano (a minute on two CPU cores) and the encoder sizes of V-JEPA 2 with its published
/// recipe (video_encoder_presets()).
std::vector<std::string> pretrain_presets();
/// @throws ConfigError with the nearest known name.
PretrainRecipe pretrain_recipe(const std::string& preset);

/// How a run began and how it ended.
struct PretrainOutcome {
  int64_t steps = 0;  // done
  bool interrupted = false;
  double seconds = 0;
  Metrics start, end;  // PretrainScore::metrics() before the first step and of the last evaluation
  std::filesystem::path model;
  std::string hold_out_rule;
};

/// What a run is made from.
struct PretrainRequest {
  std::string preset;
  PretrainRecipe recipe;
  uint64_t seed = 0;
  at::Device device = at::kCPU;
  std::filesystem::path out;  // run folder; resumed where it exists
};

/// Pretrains on the videos, or goes on from the run's latest checkpoint; metrics and checkpoints are in the run folder.
/// @throws Error when the videos are too short to hold anything out, and as run_loop.
PretrainOutcome run_pretraining(const data::VideoSet& videos, const PretrainRequest& request,
                                const JobControl& control = {});

}  // namespace foresee::tools
