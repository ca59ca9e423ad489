#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foresee/plan.h"

namespace foresee {

/// {"actions", "action_block", "cost", "trace", "iterations", "stopped", "elapsed_ms", "cost_of_nothing",
/// "cost_at_goal"}, "violation" of constraints, "states" where the model predicts them, "data" where the plan was held
/// against recorded episodes, and "imagined" where a film of it was written.
nlohmann::ordered_json to_json(const PlanResult& result);

}  // namespace foresee
