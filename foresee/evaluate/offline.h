#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foresee/evaluate.h"

namespace foresee {

/// Protocol offline: how well a model predicts held-out episodes, and what linear and small probes read from it.
/// @throws RequestError without a model or data; CheckpointError, DataError; Interrupted when stopped.
EvaluateResult evaluate_offline(const EvaluateRequest& request, const JobControl& control);

/// {"protocol": "offline", "model", "data", "held_out_episodes", METRIC: VALUE, ...}: what --json prints and
/// results.json holds.
nlohmann::ordered_json offline_json(const EvaluateRequest& request, const OfflineEvaluation& result);

}  // namespace foresee
