#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foresee/evaluate.h"

namespace foresee {

/// Protocol surprise: whether a world model is surprised by what cannot happen, in pairs of episodes that differ in
/// nothing else. The surprise of a step is the error of the prediction one block ahead, in latent space; that of an
/// episode is its largest step's (violation of expectation, as Garrido et al. 2025, arXiv 2502.11831, measure it).
/// @throws RequestError without a model, for a member that it does not use, for an environment without violations;
/// CheckpointError; Interrupted.
EvaluateResult evaluate_surprise(const EvaluateRequest& request, const JobControl& control);

/// {"env", "protocol": "surprise", "model", "seed", "surprise": {KIND: {"accuracy", "low", "high", "n", "pixels",
/// "latent_change", "distances"?, "curve"}}, "remarks"}; "pixels", "latent_change" and each of "distances" hold the
/// same four numbers.
nlohmann::ordered_json surprise_json(const EvaluateRequest& request, const SurpriseEvaluation& result);

}  // namespace foresee
