#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <vector>

#include "jepa/core/config.h"
#include "jepa/core/random.h"
#include "jepa/nn/block.h"

namespace foresee {

// Note [Action-conditioned predictor]
// A time step is a group of tokens: the action that leaves the frame, the robot's state at it, (the camera's
// extrinsics,) then the n patches of the frame. A token sees its own group and all earlier ones, so what leaves the
// patches of step t, which is the prediction of frame t + 1, depends on frames, states and actions 0 .. t.
// Patches turn with (t, row, column * height / width) (Note [3-D RoPE]); the other tokens turn with the time alone,
// which is position (t, 0, 0). The factor on columns is upstream's: it divides by the width and multiplies by the
// height of the grid, which changes nothing on square ones only.
// A token's key and value depend on its own and earlier groups, and positions are absolute. So the keys and values of a
// group, once computed, serve every later group (jepa/model/vjepa2_ac/action_rollout.h).

/// Patches of one frame.
struct FrameGrid {
  int64_t height = 0, width = 0;

  int64_t tokens() const { return height * width; }
  bool operator==(const FrameGrid&) const = default;
};

/// Architecture of the action-conditioned predictor. Defaults: V-JEPA 2-AC (facebookresearch/vjepa2
/// configs/train/vitg16/droid-256px-8f.yaml).
struct ActionPredictorConfig {
  int64_t width = 1024, depth = 24, heads = 16;
  double mlp_ratio = 4.0;
  int64_t action_size = 7;      // numbers of an action block
  int64_t state_size = 7;       // numbers of the robot's state
  int64_t extrinsics_size = 6;  // of the camera's pose; its encoder exists (and is saved) even where it is not used
  bool use_extrinsics = false;
  double layer_norm_eps = 1e-6;
  bool qkv_bias = true;

  /// Tokens of a time step that are no patches.
  int64_t conditions() const { return use_extrinsics ? 3 : 2; }
  BlockSizes block() const;
  /// @param encoder_width  features of the encoder's tokens.
  int64_t parameter_count(int64_t encoder_width) const;
  void validate() const;
};
void describe(Fields& fields, ActionPredictorConfig& config);

/// T time steps of B sequences, as the predictor takes them.
struct ActionSteps {
  Tensor features;    // float [B, T * n, D]: layer-normed encoder features, frame after frame
  Tensor actions;     // float [B, T, action_size]
  Tensor states;      // float [B, T, state_size]
  Tensor extrinsics;  // float [B, T, extrinsics_size]; undefined unless use_extrinsics

  int64_t steps() const { return actions.size(1); }
  /// Steps [first, first + count).
  ActionSteps slice(int64_t first, int64_t count) const;
};

/// Predicts the features of the next frame at every step (facebookresearch/vjepa2 VisionTransformerPredictorAC); names
/// as upstream. Weights are zero until initialise() or load_state_dict().
class ActionPredictor : public torch::nn::Module {
 public:
  /// @param encoder_width  features that come in and go out.
  ActionPredictor(const ActionPredictorConfig& config, int64_t encoder_width,
                  RopeAngles rope_angles = RopeAngles::kTiled);

  /// Fills the weights (init_transformer) with draws of Stream::kInit.
  void initialise(uint64_t seed);

  /// The plain path: all steps at once, under the block-causal mask.
  /// @returns float [B, T * n, D]; the part of step t predicts the features of frame t + 1. Not layer-normed.
  Tensor forward(const ActionSteps& steps, const FrameGrid& grid) const;

  /// What enters the first block. @returns float [B, T * (conditions + n), width].
  Tensor tokens(const ActionSteps& steps, const FrameGrid& grid) const;
  /// From what leaves the last block to the prediction. @param x  [B, T * (conditions + n), width].
  Tensor head(const Tensor& x, const FrameGrid& grid) const;
  /// Angles of the tokens of steps [first, first + count).
  RopeTable rope(int64_t first, int64_t count, const FrameGrid& grid, const at::TensorOptions& like) const;

  const ActionPredictorConfig config;
  const RopeAngles rope_angles;
  const Affine embed, action_encoder, state_encoder, extrinsics_encoder;
  std::vector<Block> blocks;
  Affine norm, proj;
};

/// Which tokens see which. @returns bool [T * group, T * group], true where row sees column: the groups up to its own.
Tensor block_causal_mask(int64_t steps, int64_t group, at::Device device);

}  // namespace foresee
