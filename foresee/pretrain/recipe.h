#pragma once

#include <string>
#include <vector>

#include "data/clip/loader.h"
#include "data/clip/video_set.h"
#include "jepa/train/loop.h"
#include "jepa/train/masked/recipe.h"

namespace foresee {

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

/// The preset where none is named.
inline constexpr const char* kUsualPretrainPreset = "vjepa2-nano";

/// Names of the presets: vjepa2-nano (a minute on two CPU cores) and the encoder sizes of V-JEPA 2 with its published
/// recipe (video_encoder_presets()).
std::vector<std::string> pretrain_presets();
/// @throws ConfigError with the nearest known name.
PretrainRecipe pretrain_recipe(const std::string& preset);

}  // namespace foresee
