#pragma once

#include <functional>
#include <vector>

#include "jepa/core/watch/metrics.h"
#include "jepa/train/probe/step.h"

namespace foresee {

/// Batches that training never sees, read when they are needed.
using ProbeHeldOut = std::vector<std::function<ProbeBatch()>>;

/// What the present probe is worth, without changing it: held_out_loss, held_out_accuracy (largest logit),
/// held_out_majority (the accuracy of always answering the most frequent class of the held-out clips). Empty where
/// nothing is held out.
Metrics evaluate_probe(const AttentiveProbe& probe, const ProbeHeldOut& held_out);

}  // namespace foresee
