#pragma once

#include <string>
#include <vector>

#include "jepa/core/action/action_scaling.h"
#include "jepa/core/picture_rule.h"
#include "jepa/model/lewm/loss.h"
#include "jepa/nn/autocast.h"
#include "jepa/train/episode_reading.h"
#include "jepa/train/later_keys.h"
#include "jepa/train/loop.h"

namespace foresee {

/// Keys of a run that came later.
inline constexpr LaterKey kLewmLaterKeys[] = {
    {"/action_low", "[]"},         {"/action_high", "[]"},           {"/picture", R"("resize")"},
    {"/episodes/camera", R"("")"}, {"/episodes/tolerance_s", "0.0"}, {"/episodes/strict", "false"},
    {"/episodes/allow", "[]"},     {"/episodes/hold_out", "[]"},     {"/init", R"("")"},
    {"/model/vit/head_dim", "0"},  {"/model/vit/eps", "1e-12"},      {"/model/predictor/blocks", R"("lewm")"},
    {"/rehearsal/data", "[]"},     {"/rehearsal/share", "0.5"},      {"/rehearsal/most_fall", "0.05"}};

/// How LeWM is trained; the defaults are stable-worldmodel's.
struct LewmTrainConfig {
  int64_t batch = 128;                        // clips a step
  double learning_rate = 5e-5;                // peak, AdamW
  double warmup_fraction = 0.01;              // of all steps, linear; then half a cosine to zero
  double weight_decay = 1e-3;                 // of every parameter, biases and norms too
  double clip_norm = 1.0;                     // global gradient norm; 0: not clipped
  Precision precision = Precision::kFloat32;  // of the large products
  LewmLossConfig loss;
};
void describe(Fields& fields, LewmTrainConfig& config);

/// How a model that goes on with a new scene keeps what it knew (Note [Rehearsal]).
struct RehearsalConfig {
  std::vector<std::string> data{};  // episode files of the old scene; none: nothing is rehearsed
  double share = 0.5;               // of every batch that comes from them
  double most_fall = 0.05;          // of their held-out skill, before training goes back
};
void describe(Fields& fields, RehearsalConfig& config);

/// All that a LeWM training run is configured by.
struct LewmRecipe {
  LewmConfig model;
  LewmTrainConfig train;
  LoopConfig loop;
  int64_t frameskip = 5;  // environment steps per frame and action block
  ActionScaling actions = ActionScaling::kZScore;
  std::vector<double> action_low{};            // bounds of one action, its own units; empty: the data's least values
  std::vector<double> action_high{};           // same, largest
  PictureRule picture = PictureRule::kResize;  // how pictures of another shape become the model's square
  EpisodeReading episodes;
  std::string init{};  // model folder or run that training begins with; empty: fresh weights
  RehearsalConfig rehearsal;
  int64_t held_out_sequences = 128;  // evaluated; at most
  int64_t held_out_horizon = 5;      // blocks rolled out beyond the history
  int64_t probe_frames = 2048;  // of training episodes, that probes are fitted on; 0: half of the sequences instead
};
void describe(Fields& fields, LewmRecipe& recipe);

/// Names of the presets.
///   lewm      the published recipe: 18 M parameters, 224 px (arXiv 2603.19312; stable-worldmodel's training config);
///   lewm-s64  1.43 M parameters, 64 px: learns Two-Room in a quarter of an hour on two CPU cores;
///   lewm-s64-pusht  the same network for Push-T, trained three times as long.
const std::vector<std::string>& lewm_presets();
/// @throws ConfigError naming the presets.
LewmRecipe lewm_recipe(const std::string& preset);

}  // namespace foresee
