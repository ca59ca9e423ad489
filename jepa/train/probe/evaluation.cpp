#include "jepa/train/probe/evaluation.h"

#include "jepa/core/torch.h"

namespace foresee {

Metrics evaluate_probe(const AttentiveProbe& probe, const ProbeHeldOut& held_out) {
  if (held_out.empty()) return {};
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> logits, classes;
  for (const auto& read : held_out) {
    const ProbeBatch batch = read();
    logits.push_back(probe.forward(batch.tokens).front());
    classes.push_back(batch.classes);
  }
  const Tensor all = at::cat(logits), wanted = at::cat(classes);
  return {{"held_out_loss", at::cross_entropy_loss(all, wanted).item<double>()},
          {"held_out_accuracy", probe_accuracy(all, wanted)},
          {"held_out_majority", wanted.bincount().max().item<double>() / static_cast<double>(wanted.numel())}};
}

}  // namespace foresee
