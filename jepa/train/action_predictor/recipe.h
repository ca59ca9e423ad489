#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jepa/train/action_predictor/step.h"
#include "jepa/train/episode_reading.h"
#include "jepa/train/later_keys.h"
#include "jepa/train/loop.h"

namespace foresee {

/// Keys of a run that came later.
inline constexpr LaterKey kAcLaterKeys[] = {{"/episodes/camera", R"("")"},
                                            {"/episodes/tolerance_s", "0.0"},
                                            {"/episodes/strict", "false"},
                                            {"/episodes/allow", "[]"},
                                            {"/episodes/hold_out", "[]"},
                                            {"/action_low", "[]"},
                                            {"/action_high", "[]"},
                                            {"/extrinsics_column", R"("extrinsics")"},
                                            {"/picture", R"("center_square")"}};

/// How the action predictor is trained. Defaults: V-JEPA 2-AC's (configs/train/vitg16/droid-256px-8f.yaml). Lengths of
/// the schedule are shares of the run's steps, so that a short run has the shape of a long one.
struct AcTrainConfig {
  int64_t batch = 8;                                    // clips a step
  int64_t frames = 8;                                   // of a clip
  double start_rate = 7.5e-5;                           // learning rate of the first step
  double peak_rate = 4.25e-4;                           // after the warm-up
  double final_rate = 0.0;                              // at the end
  double warmup = 15.0 / 315.0, anneal = 15.0 / 315.0;  // shares of the steps: rise from start, fall to final
  double weight_decay = 0.04, final_weight_decay = 0.04;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  AcObjective objective;

  PretrainSchedule schedule(int64_t steps) const;
  AdamW::Options adamw() const { return {beta1, beta2, eps}; }
  void validate() const;
};
void describe(Fields& fields, AcTrainConfig& config);

/// Where a log's actions come from.
enum class ActionSource {
  kRecorded,     // the column "action", z-scored by the training episodes
  kStateChange,  // the change of the state from frame to frame, as V-JEPA 2-AC on DROID; not scaled
};
inline constexpr std::pair<ActionSource, std::string_view> kActionSourceNames[] = {
    {ActionSource::kRecorded, "recorded"}, {ActionSource::kStateChange, "state_change"}};

/// How pictures become the encoder's square: PictureTransform::kCenterSquare, or kFit by a PictureRule. Views of
/// several cameras are always fitted, squeezed where kCenterSquare is said.
enum class AcPictures { kCenterSquare, kResize, kCrop, kPad };
inline constexpr std::pair<AcPictures, std::string_view> kAcPicturesNames[] = {
    {AcPictures::kCenterSquare, "center_square"},
    {AcPictures::kResize, "resize"},
    {AcPictures::kCrop, "crop"},
    {AcPictures::kPad, "pad"}};

/// All that training a `vjepa2_ac` on logs is configured by. The encoder comes from elsewhere; sizes of actions and
/// states come from the data.
struct AcRecipe {
  ActionPredictorConfig predictor;
  StateUpdate state_update = StateUpdate::kArmPose;
  ActionSource actions = ActionSource::kStateChange;
  std::string state_column = "state";
  std::vector<double> action_low{};              // limits of one action, its own units; empty: the data's least values
  std::vector<double> action_high{};             // same, largest
  std::string extrinsics_column = "extrinsics";  // the camera's pose, where predictor.use_extrinsics
  AcTrainConfig train;
  LoopConfig loop;
  int64_t frameskip = 1;  // rows of the log between frames
  AcPictures picture = AcPictures::kCenterSquare;
  EpisodeReading episodes;
  int64_t held_out_sequences = 32;  // evaluated; at most
  int64_t held_out_horizon = 4;     // frames rolled out

  /// @throws ConfigError where the keys contradict each other.
  void validate() const;
};
void describe(Fields& fields, AcRecipe& recipe);

/// The pictures of a new action predictor, as training and planning see them: the recipe's rule and cameras, and the
/// encoder's mean, std and scale. @param of_encoder  of its folder. @param encoder  its config, for the size.
PictureSpec ac_pictures(const AcRecipe& recipe, const PictureSpec& of_encoder, const VideoEncoderConfig& encoder);

/// Names of the presets.
///   vjepa2-ac    the released predictor and recipe: 305 M parameters beside ViT-g's encoder, arm poses as actions;
///   vjepa2-ac-s  4 layers of 192, any actions, no states: for a CPU.
const std::vector<std::string>& ac_presets();
/// @throws ConfigError naming the presets.
AcRecipe ac_recipe(const std::string& preset);

}  // namespace foresee
