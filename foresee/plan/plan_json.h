#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foresee/plan.h"

namespace foresee {

/// {"actions", "action_block", "cost", "trace", "iterations", "elapsed_ms"}, and "states" where the model predicts
/// them.
nlohmann::ordered_json to_json(const PlanResult& result);

}  // namespace foresee
