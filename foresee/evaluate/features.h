#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foresee/evaluate.h"
#include "jepa/core/tensor.h"
#include "jepa/nn/patch_embed.h"

namespace foresee {

/// Protocol features: what probes read from the frozen features of an encoder of video, beside the same probes on the
/// same encoder with random weights and on the pixels. @throws RequestError without a model, or for a member that it
/// does not use; CheckpointError, DataError; Interrupted.
EvaluateResult evaluate_features(const EvaluateRequest& request, const JobControl& control);

/// {"protocol": "features", "model", "data", "seed", "train_clips", "clips", "epochs", "frames", "size", FACTOR:
/// {"chance", "model", "random", "pixels"}, ...}; each of these three is {"rate", "low", "high", "n", "linear": {the
/// same}}: what
/// --json prints and results.json holds.
nlohmann::ordered_json features_json(const EvaluateRequest& request, const FeatureEvaluation& result);

/// Pixels as tokens, one for each token of the encoder: its tubelet, shrunk to 4 x 4 pixels where the patch is larger.
/// @param clips  float [B, 3, T, S, S], normalised. @returns float [B, N, 3 * frames * pixels].
Tensor pixel_tokens(const Tensor& clips, const TubeletSize& tubelet);

}  // namespace foresee
