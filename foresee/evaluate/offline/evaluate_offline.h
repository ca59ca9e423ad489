#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foresee/evaluate.h"

namespace foresee {

/// Protocol offline: how good a world model is on recorded episodes, without a simulator. Whether the recorded actions
/// rank high among others, how far planned actions are from them, whether the imagined end is the recorded one; of a
/// LeWM also how well it predicts held-out episodes, and what linear and small probes read from it.
/// Settings: OfflineConfig. @throws RequestError without a model or data, for a member that it does not use, and for
/// episodes that the model was trained on; CheckpointError for a family that plans no actions; ConfigError, DataError;
/// Interrupted when stopped.
EvaluateResult evaluate_offline(const EvaluateRequest& request, const JobControl& control);

/// {"protocol": "offline", "model", "data", "seed", "held_out_episodes", "overlap", METRIC: VALUE, ..., "offline":
/// {"starts", "history", "horizon", "search", "rank": {"h1": {"percentile", "low", "high", "n", "episodes"}, ...},
/// "rank_drawn", "rank_recorded", "action_distance": {METHOD: {"h1": {"distance", ...}}}, "mean_action_distance",
/// "retrieval": {METHOD: {"h1":
/// {"accuracy", ...}}, "chance": {"h1"}}, "remarks"}, "episodes": [{"episode", "starts", "rank": {"h1"}, ...}]}: what
/// --json prints and results.json holds; null for what the log cannot give.
nlohmann::ordered_json offline_json(const EvaluateRequest& request, const OfflineEvaluation& result);

}  // namespace foresee
