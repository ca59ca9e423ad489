#pragma once

#include <memory>
#include <mutex>

#include "jepa/model/vjepa2_ac/action_rollout.h"
#include "jepa/model/vjepa2_ac/vjepa2_ac.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// V-JEPA 2-AC as planning sees it (facebookresearch/vjepa2 notebooks/utils/world_model_wrapper.py): every frame is
/// encoded alone, predictions are layer-normed and fed back, the robot's state follows the actions
/// (Vjepa2Ac::next_states), and a cost is the mean |prediction - goal| of the last frame. Pictures of any size are cut
/// to their centre square and resized. Frames before the current one run once for all candidates, every other frame
/// once for each candidate (ActionRollout).
class Vjepa2AcWorldModel : public WorldModel {
 public:
  /// @param cache_bytes  of the keys and values of candidates that are rolled out side by side; they are kept for the
  /// next roll-out. @param precision  of the predictor's products and attention in roll-outs.
  Vjepa2AcWorldModel(Vjepa2Ac model, ActionSpec actions, Preprocess preprocess, int64_t cache_bytes = kCacheBytes,
                     Precision precision = Precision::kFloat32);

  static constexpr int64_t kCacheBytes = int64_t{2} << 30;

  const ActionSpec& action_spec() const override { return actions_; }
  const Preprocess& preprocess() const override { return preprocess_; }
  StateSpec state_spec() const override;
  /// @param observation  with the robot's state at every frame, unless the model is told none.
  std::unique_ptr<Context> encode(const Observation& observation) const override;
  /// @returns float [B, n, D].
  Tensor encode_goal(const Goal& goal) const override;
  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions,
               Objective objective = Objective::kLatent) const override;
  /// @returns float [B, K, H, n, D].
  Tensor rollout(const Context& context, const Tensor& actions) const override;

  /// A context from features that are encoded already.
  /// @param features  float [B, T, n, D]. The rest as in Observation.
  std::unique_ptr<Context> encode_features(const Tensor& features, const FrameGrid& grid,
                                           const Observation& rest) const;
  /// The robot's states along candidate plans. @returns double [B, K, H + 1, S], the environment's units, the current
  /// one first.
  Tensor states(const Context& context, const Tensor& actions) const override;
  /// `rollout` by the plain path, which runs all frames of the history and of the plan at every step; differentiable in
  /// `actions`.
  Tensor plain_rollout(const Context& context, const Tensor& actions) const;
  const Vjepa2Ac& model() const { return model_; }

 private:
  Tensor cached(const Context& context, const Tensor& actions, bool all) const;
  Tensor block_actions(const Tensor& actions) const;

  Vjepa2Ac model_;
  ActionSpec actions_;
  Preprocess preprocess_;
  int64_t cache_bytes_;
  std::unique_ptr<const ActionRollout> rollout_;
  mutable std::mutex spare_mutex_;
  mutable std::vector<ActionCache> spare_;  // of the last roll-out: the next one of its shape allocates nothing large
};

/// mean |a - b| over tokens and features. @param predicted  float [B, K, n, D]. @param goal  float [B, n, D].
/// @returns float [B, K].
Tensor feature_distance(const Tensor& predicted, const Tensor& goal);

}  // namespace foresee
