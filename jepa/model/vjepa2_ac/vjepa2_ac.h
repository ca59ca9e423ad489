#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jepa/core/api/read_options.h"
#include "jepa/core/picture/center_square.h"
#include "jepa/io/model_folder.h"
#include "jepa/model/vjepa2/encoder.h"
#include "jepa/model/vjepa2_ac/action_predictor.h"

namespace foresee {

struct Vjepa2Weights;

/// How the robot's next state follows from its state and an action, in the environment's units: what a roll-out tells
/// the predictor about the robot in frames that do not exist yet.
enum class StateUpdate {
  kArmPose,  // compute_new_pose (jepa/model/vjepa2_ac/arm_pose.h), action after action of a block: V-JEPA 2-AC
  kAdd,      // state + the sum of the block's actions; for robots whose actions are displacements of their state
  kNone,     // not known: the predictor sees zeros, in training too, and no state is needed
};
inline constexpr std::pair<StateUpdate, std::string_view> kStateUpdateNames[] = {
    {StateUpdate::kArmPose, "arm_pose"}, {StateUpdate::kAdd, "add"}, {StateUpdate::kNone, "none"}};

/// The networks of the `vjepa2_ac` family: "model" of config.json. Defaults: the released V-JEPA 2-AC, but for the
/// encoder, whose defaults are ViT-L's.
struct Vjepa2AcConfig {
  VideoEncoderConfig encoder;
  ActionPredictorConfig predictor;
  bool normalise_features = true;  // LayerNorm without weights on features and on predictions ("normalize_reps")
  StateUpdate state_update = StateUpdate::kArmPose;
  std::vector<double> state_mean, state_std;  // [state_size], what the predictor's states are z-scored by; empty: not

  /// @throws ConfigError where the lists are not of the state's size or the update does not fit the sizes.
  void validate() const;
};
void describe(Fields& fields, Vjepa2AcConfig& config);

/// Encoder and predictor; copies share the weights. In model.safetensors their tensors are "encoder.NAME" and
/// "predictor.NAME", names as upstream.
class Vjepa2Ac {
 public:
  explicit Vjepa2Ac(const Vjepa2AcConfig& config);
  /// With an encoder that exists already.
  Vjepa2Ac(const Vjepa2AcConfig& config, std::shared_ptr<VideoEncoder> encoder);

  /// Features of single frames: each is doubled to fill a tubelet and encoded alone.
  /// @param frames  float [N, 3, H, W], normalised; H and W multiples of the patch. @returns float [N, n, D].
  Tensor encode(const Tensor& frames) const;
  /// LayerNorm over the last axis without weights, eps 1e-5; nothing where the config says so.
  Tensor normalise(const Tensor& features) const;
  /// Patches of a picture of the model's size.
  FrameGrid grid() const;
  /// The robot's states as the predictor takes them. @param states  [..., state_size], the environment's units.
  /// @returns of the predictor's dtype.
  Tensor normalise_states(const Tensor& states) const;
  /// The state after a block. @param states  double [..., state_size]. @param actions  double [..., block, A], both in
  /// the environment's units.
  Tensor next_states(const Tensor& states, const Tensor& actions) const;

  TensorMap weights() const;
  /// @throws CheckpointError as load_state_dict.
  void load(const TensorMap& weights, const std::string& source);

  const Vjepa2AcConfig config;
  const std::shared_ptr<VideoEncoder> encoder;
  const std::shared_ptr<ActionPredictor> predictor;
};

/// The pictures of a new action predictor on an encoder whose own pictures are these: mean, std and scale stay.
PictureSpec new_action_pictures(const PictureSpec& of_encoder, const Vjepa2AcConfig& config);
/// What an action predictor of this config is trained on and plans with: the pictures of a folder, of the encoder's
/// size, by the transform that the folder says, else by upstream's planning (kCenterSquare).
/// @throws ConfigError for a transform that is neither kCenterSquare nor kFit.
PictureSpec action_pictures(PictureSpec said, const Vjepa2AcConfig& config);

/// Pictures as training and planning give them to the encoder. @param spec  of action_pictures.
/// @param frames  uint8 [N, 3, H, W], RGB: any size for kCenterSquare, else as data::fit_picture left them.
/// @returns float32 [N, 3, size, size].
Tensor action_input(const Tensor& frames, const PictureSpec& spec);

/// A trained model as others use it.
struct LoadedVjepa2Ac {
  Vjepa2Ac model;
  Preprocess preprocess;
  ActionSpec actions;
  std::string encoder{};  // as ModelFolder::encoder
};
/// From one of our folders of family `vjepa2_ac` (also a run or a checkpoint), or from Meta's .pt file, whose actions
/// are changes of an arm's pose (Note [Arm poses]). @throws CheckpointError.
LoadedVjepa2Ac load_vjepa2_ac(const std::filesystem::path& path, const ReadOptions& options = {});
LoadedVjepa2Ac load_vjepa2_ac(const ModelFolder& folder, const std::string& source);
/// @param use_extrinsics  what Meta's file does not say; the released model was trained without.
LoadedVjepa2Ac load_vjepa2_ac(const Vjepa2Weights& files, bool use_extrinsics = false);

}  // namespace foresee
