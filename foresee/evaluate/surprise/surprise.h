#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foresee/evaluate.h"

namespace foresee {

/// Protocol surprise: whether a model is surprised by what cannot happen, in pairs of episodes that differ in nothing
/// else (violation of expectation, as Garrido et al. 2025, arXiv 2502.11831, measure it). A world model is asked what
/// comes one action block ahead, an encoder of video what the later half of a window shows (planner::Witness). The
/// surprise of an episode is its largest score. Pairs come from an environment, from generated scenes or from a list;
/// the latter two for encoders alone.
/// @throws RequestError without a model, for a member that it does not use, for an environment without violations;
/// CheckpointError; DataError, with the line, for a list; Interrupted.
EvaluateResult evaluate_surprise(const EvaluateRequest& request, const JobControl& control);

/// {"env" or "data", "protocol": "surprise", "model", "seed", "shown", "surprise": {KIND: {"accuracy", "low", "high",
/// "n", "pixels", "latent_change", "distances"?, "curve"}}, "remarks"}; "pixels", "latent_change" and each of
/// "distances" hold the same four numbers.
nlohmann::ordered_json surprise_json(const EvaluateRequest& request, const SurpriseEvaluation& result);

}  // namespace foresee
