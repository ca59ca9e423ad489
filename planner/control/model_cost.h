#pragma once

#include <functional>
#include <vector>

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

/// What of a roll-out counts.
struct CostTerms {
  Objective objective = Objective::kLatent;
  double terminal = 1;  // weight of what the last block leads to
  double running = 0;   // weight of the mean of what those before it lead to
};

/// Encodes observation and goals, once. The cost of a plan is
///   sum over goals g of weight_g (terminal c_g(z_H) + running mean over h < H of c_g(z_h)),
/// c_g what the objective says of a state and goal g. @param model  must outlive the result.
/// @param observation  B histories. @param goals  each of B problems; a proposal leads to the first one.
/// @returns the cost of plans from there; its `rows` are indices into the B histories.
ModelCost model_cost(const WorldModel& model, const Observation& observation, const std::vector<Goal>& goals,
                     const CostTerms& terms = {});
/// The costs of what follows blocks that will be executed in any case: each plan is judged behind them.
/// @param blocks  float [B, n, D], normalised. `propose`, `states` and `imagine` speak of what comes behind them, too.
ModelCost behind(const ModelCost& here, const Tensor& blocks);
/// The same toward a single goal.
ModelCost model_cost(const WorldModel& model, const Observation& observation, const Goal& goal);

}  // namespace foresee::planner
