#pragma once

#include "jepa/core/tensor.h"
#include "jepa/model/vjepa2/probe.h"

namespace foresee {

/// Encoded clips and their classes.
struct ProbeBatch {
  Tensor tokens;   // float [B, N, D]
  Tensor classes;  // int64 [B]
};

/// What one forward pass gives.
struct ProbeForward {
  Tensor loss;    // scalar: cross-entropy, with its graph
  Tensor logits;  // float [B, classes]
};
ProbeForward probe_forward(const AttentiveProbe& probe, const ProbeBatch& batch);

/// The share of clips whose largest logit is that of their class.
double probe_accuracy(const Tensor& logits, const Tensor& classes);

}  // namespace foresee
