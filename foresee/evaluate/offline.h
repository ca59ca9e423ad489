#pragma once

#include "foresee/evaluate.h"

namespace foresee {

/// Protocol offline: how well a model predicts held-out episodes, and what linear and small probes read from it.
/// @throws RequestError without a model or data; CheckpointError, DataError.
OfflineEvaluation evaluate_offline(const EvaluateRequest& request);

}  // namespace foresee
