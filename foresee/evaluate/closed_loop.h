#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foresee/evaluate.h"
#include "planner/eval/evaluate.h"

namespace foresee {

/// What an evaluation in an environment found, as the public result says it.
Evaluation evaluation_of(const planner::EvalResult& result);

/// {"env", "protocol", "seed", "success": {METHOD: {"rate", "low", "high", "n"}}, "excluded_solved",
/// "planning_ms": {"p50", "p95", "p99"}, "flags": [{"name", "value", "threshold", "meaning"}]}, and "paired" where
/// there are comparisons: [{"first", "second", "difference", "low", "high", "p", "first_only", "second_only", "n"}].
/// The times are null where nothing was planned. Protocol swm adds "solved_at_start". "remarks", "failed" ({METHOD:
/// MESSAGE}), "place" and "overlap" ({"known", "episodes", "trained"}) are there where there are any.
nlohmann::ordered_json closed_loop_json(const Evaluation& result);

/// {"known", "episodes", "trained"}.
nlohmann::ordered_json overlap_json(const EpisodeOverlap& overlap);

/// [{"name", "value", "threshold", "meaning"}]; empty for a sound evaluation.
nlohmann::ordered_json flags_json(const std::vector<EvaluationFlag>& flags);

}  // namespace foresee
