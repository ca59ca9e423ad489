#include "jepa/train/probe/step.h"

#include "jepa/core/torch.h"

namespace foresee {

ProbeForward probe_forward(const AttentiveProbe& probe, const ProbeBatch& batch) {
  const Tensor logits = probe.forward(batch.tokens).front();
  return {at::cross_entropy_loss(logits, batch.classes), logits};
}

double probe_accuracy(const Tensor& logits, const Tensor& classes) {
  return (logits.argmax(1) == classes).sum().item<double>() / static_cast<double>(classes.numel());
}

}  // namespace foresee
