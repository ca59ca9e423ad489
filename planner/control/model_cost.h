#pragma once

#include <functional>

#include "jepa/model/world_model.h"
#include "planner/cost.h"

namespace foresee::planner {

/// A world model and a goal as a cost.
struct ModelCost {
  CostFn cost;
  at::Device device;  // where the model computes
  /// What the model itself would do (WorldModel::propose). @returns float [B, horizon, D], normalised blocks.
  /// @throws Error when the model proposes no plans.
  std::function<Tensor(int64_t horizon)> propose;
  /// Where plans lead (WorldModel::states); undefined where the model does not say.
  std::function<Tensor(const Tensor& actions)> states;
  /// What the model predicts along plans (WorldModel::rollout). @returns float [B, K, H, ...].
  std::function<Tensor(const Tensor& actions)> imagine;
};

/// Encodes observation and goal, once. @param model  must outlive the result.
/// @param observation  B histories. @param goal  of B problems; its weights multiply the costs.
/// @returns the cost of plans from there; its `rows` are indices into the B histories.
ModelCost model_cost(const WorldModel& model, const Observation& observation, const Goal& goal,
                     Objective objective = Objective::kLatent);

}  // namespace foresee::planner
