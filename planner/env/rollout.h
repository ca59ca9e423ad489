#pragma once

#include "planner/env/env.h"

namespace foresee::planner {

/// Steps candidate action sequences from the environment's present state and judges where they end: what the oracle
/// plans on. `env` itself is left alone; candidates run on several threads.
///
/// The cost of a candidate is the distance to the goal after its last action. One that reaches the goal stops there and
/// costs minus the number of actions it has left, so that of two that arrive the earlier one wins.
/// @param actions  float [K, T, A], environment units. @returns float [K], lower is better.
Tensor rollout_costs(const Env& env, const Tensor& actions);

}  // namespace foresee::planner
