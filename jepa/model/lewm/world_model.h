#pragma once

#include <memory>

#include "jepa/model/lewm/rollout.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// The LeWM of a model folder of family "lewm". @param source  the folder, for messages. @throws CheckpointError.
Lewm lewm_from(const ModelFolder& folder, const std::string& source, at::Device device);

/// LeWM as planning sees it: a goal is an embedding [B, D]. A cost by kLatent is the squared distance of the last
/// prediction to the goal (the sum over D, as stable-worldmodel's GoalMSE); by kDistance it is the number of blocks
/// from the last prediction to the goal, as the distance head says, which knows walls.
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
  StateSpec state_spec() const override;
  int64_t history() const override { return model_->config.predictor.history(); }
  /// @throws Error for pictures of another size than the model's.
  std::unique_ptr<Context> encode(const Observation& observation) const override;
  Tensor encode_goal(const Goal& goal) const override;
  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions,
               Objective objective = Objective::kLatent) const override;
  /// From one roll-out.
  Tensor step_costs(const Context& context, const Tensor& goal, const Tensor& actions,
                    Objective objective = Objective::kLatent) const override;
  Tensor rollout(const Context& context, const Tensor& actions) const override;
  Tensor decode(const Tensor& latents) const override;
  /// kLatent, and kDistance where there is the head.
  std::vector<Objective> objectives() const override;
  bool proposes() const override { return model_->inverse.has_value(); }
  Tensor propose(const Context& context, const Tensor& goal, int64_t horizon) const override;

  /// `rollout` by the plain path, differentiable in `actions`: what the fast one is held against.
  Tensor plain_rollout(const Context& context, const Tensor& actions) const;
  const Lewm& model() const { return model_; }

 private:
  bool fast(const Tensor& actions) const;
  Tensor distance(const Tensor& states, const Tensor& goal, Objective objective) const;
  void require_size(const Tensor& frames) const;
  Tensor recent_states(const Tensor& state, int64_t batch, int64_t length, int64_t history) const;

  Lewm model_;
  ActionSpec actions_;
  Preprocess preprocess_;
  std::unique_ptr<LewmRollout> fast_;  // null away from the CPU and for a prefix predictor
};

}  // namespace foresee
