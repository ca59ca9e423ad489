#pragma once

#include <functional>

#include "jepa/model/world_model.h"
#include "planner/cost.h"

namespace foresee::planner {

/// A world model and goal pictures as a cost.
struct ModelCost {
  CostFn cost;
  at::Device device;  // where the model computes
  /// What the model itself would do (WorldModel::propose). @returns float [B, horizon, D], normalised blocks.
  /// @throws Error when the model proposes no plans.
  std::function<Tensor(int64_t horizon)> propose;
};

/// Encodes observation and goals, once. @param model  must outlive the result.
/// @param observation  B histories. @param goals  uint8 [B, 3, S, S], the model's picture size.
/// @param goal_state  float [B, WorldModel::proprioception()]; undefined for a model without.
/// @returns the cost of plans from there; its `rows` are indices into the B histories.
ModelCost model_cost(const WorldModel& model, const Observation& observation, const Tensor& goals,
                     const Tensor& goal_state = {});

}  // namespace foresee::planner
