#pragma once

#include <vector>

#include "planner/cost.h"
#include "planner/env/env.h"

namespace foresee::planner {

/// Steps candidate action sequences from the environment's present state and judges where they end: what the oracle
/// plans on. `env` itself is left alone; candidates run on several threads.
///
/// The cost of a candidate is `distance` after its last action. One that reaches the goal stops there and
/// costs minus the number of actions it has left, so that of two that arrive the earlier one wins.
/// @param actions  float [K, T, A], environment units; stepped as they are, as whoever executes the plan will.
/// @returns float [K], lower is better.
Tensor rollout_costs(const Env& env, const Tensor& actions, double (Env::*distance)() const = &Env::distance_to_goal);

/// The cost of candidates in copies of the environments themselves: rollout_costs().
/// @param envs  must outlive the result. @param actions  what a block is.
CostFn simulator_cost(std::vector<const Env*> envs, const ActionSpec& actions,
                      double (Env::*distance)() const = &Env::distance_to_goal);

/// Blocks of `block` environment actions whose normalised -1 .. 1 spans the environment's bounds.
ActionSpec bounded_actions(const Env& env, int64_t block);

}  // namespace foresee::planner
