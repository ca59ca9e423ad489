#pragma once

#include <memory>

#include "jepa/model/lewm/rollout.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// The LeWM of a model folder of family "lewm". @param source  the folder, for messages. @throws CheckpointError.
Lewm lewm_from(const ModelFolder& folder, const std::string& source, at::Device device);

/// What a plan of LeWM costs.
enum class LewmObjective {
  kLatent,    // squared distance of the last prediction to the goal (the sum over D, as stable-worldmodel's GoalMSE)
  kDistance,  // blocks from the last prediction to the goal, as the distance head says: knows walls
};

/// LeWM as planning sees it: a goal is an embedding [B, D], a cost is what LewmObjective says, "latent" by default.
/// Plans are proposed by the inverse-dynamics head, block after block along its own roll-out. Histories longer than the
/// predictor's window lose their oldest frames. Costs without gradients take LewmRollout on the CPU; everything else
/// takes LewmImpl::rollout, in chunks.
class LewmWorldModel : public WorldModel {
 public:
  /// @param model  put into evaluation mode. @throws ConfigError when the actions are not of the model's size.
  LewmWorldModel(Lewm model, ActionSpec actions, Preprocess preprocess);
  /// From a model folder of family "lewm". @throws CheckpointError.
  static std::unique_ptr<LewmWorldModel> from(const ModelFolder& folder, const std::string& source,
                                              at::Device device = at::kCPU);

  const ActionSpec& action_spec() const override { return actions_; }
  const Preprocess& preprocess() const override { return preprocess_; }
  std::unique_ptr<Context> encode(const Observation& observation) const override;
  Tensor encode_goal(const Tensor& frames) const override;
  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions) const override;
  Tensor rollout(const Context& context, const Tensor& actions) const override;
  /// "latent", and "distance" where there is the head.
  std::vector<std::string> objectives() const override;
  void set_objective(const std::string& name) override;
  bool proposes() const override { return model_->inverse.has_value(); }
  Tensor propose(const Context& context, const Tensor& goal, int64_t horizon) const override;
  int64_t proprioception() const override { return model_->config.proprioception; }
  Tensor encode_goal_state(const Tensor& frames, const Tensor& state) const override;

  /// `rollout` by the plain path, differentiable in `actions`: what the fast one is held against.
  Tensor plain_rollout(const Context& context, const Tensor& actions) const;
  const Lewm& model() const { return model_; }

 private:
  bool fast(const Tensor& actions) const;
  Tensor recent_states(const Tensor& state, int64_t batch, int64_t length, int64_t history) const;

  Lewm model_;
  ActionSpec actions_;
  Preprocess preprocess_;
  LewmObjective objective_ = LewmObjective::kLatent;
  std::unique_ptr<LewmRollout> fast_;  // null away from the CPU and for a prefix predictor
};

}  // namespace foresee
