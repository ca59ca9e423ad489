#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foresee/evaluate.h"

namespace foresee {

/// An evaluation as JSON: {"env", "protocol", "seed", "success": {METHOD: {"rate", "low", "high", "n"}},
/// "excluded_solved", "planning_ms": {"p50", "p95", "p99"}, "paired": [{"first", "second", ...}]}; the times are null
/// where nothing was planned. Protocol swm adds "solved_at_start"; "remarks", "failed" ({METHOD: MESSAGE}) and
/// "overlap" (overlap_json) are there where there are any; a sweep has one such object for each value; protocol offline
/// has its metrics, protocol features its factors.
nlohmann::ordered_json evaluation_json(const EvaluateRequest& request, const EvaluateResult& result);

/// {"known", "episodes", "trained"}.
nlohmann::ordered_json overlap_json(const EpisodeOverlap& overlap);

}  // namespace foresee
