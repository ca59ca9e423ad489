#include "jepa/train/action_predictor/step.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/loss/latent_prediction.h"

namespace foresee {
namespace {

// Upstream's rule for decay: matrices, not biases and norms.
std::vector<ParameterGroup> predictor_groups(const ActionPredictor& predictor) {
  std::vector<ParameterGroup> groups(2);
  for (const auto& entry : predictor.named_parameters()) {
    const bool decayed = entry.key().find("bias") == std::string::npos && entry.value().dim() != 1;
    groups[decayed ? 0 : 1].parameters.emplace_back("predictor." + entry.key(), entry.value());
  }
  return groups;
}

}  // namespace

void describe(Fields& f, AcObjective& c) {
  f("rollout_steps", c.rollout_steps, "frames that are predicted from the first one alone", {1, 1000});
  f("exponent", c.exponent, "p of the loss mean |z - h|^p / p", {0.1, 10});
}

AcForward ac_forward(const Vjepa2Ac& model, const AcBatch& batch, const FrameGrid& grid, const AcObjective& objective) {
  const int64_t n = grid.tokens(), steps = batch.actions.size(1);
  FORESEE_CHECK(steps >= 1 && batch.features.size(1) == (steps + 1) * n && batch.states.size(1) == steps + 1,
                "expected features and states of {} frames for {} actions, got {} and {}", steps + 1, steps,
                describe(batch.features), describe(batch.states));
  const auto call = [&](const Tensor& features, int64_t count) {
    return model.predictor->forward({features, batch.actions.narrow(1, 0, count), batch.states.narrow(1, 0, count),
                                     batch.extrinsics.defined() ? batch.extrinsics.narrow(1, 0, count) : Tensor()},
                                    grid);
  };
  const auto loss = [&](const Tensor& predicted) {
    return latent_prediction_loss(predicted, batch.features.narrow(1, n, predicted.size(1)), objective.exponent);
  };
  AcForward out;
  out.predictions = model.normalise(call(batch.features.narrow(1, 0, steps * n), steps));
  out.teacher_loss = loss(out.predictions);
  Tensor sequence = at::cat({batch.features.narrow(1, 0, n), out.predictions.narrow(1, 0, n)}, 1);
  for (int64_t step = 1; step < std::min(objective.rollout_steps, steps); ++step) {
    out.rollout_calls.push_back(call(sequence, step + 1));
    const Tensor next = out.rollout_calls.back().narrow(1, step * n, n);
    sequence = at::cat({sequence, model.normalise(next)}, 1);
  }
  out.rollout_loss = loss(sequence.narrow(1, n, sequence.size(1) - n));
  out.loss = out.teacher_loss + out.rollout_loss;
  return out;
}

AcTrainer::AcTrainer(Vjepa2Ac model, const AdamW::Options& optimizer)
    : model_(std::move(model)), optimizer_(predictor_groups(*model_.predictor), optimizer) {}

void AcTrainer::update(const StepRates& rates) {
  optimizer_.groups()[0].weight_decay = rates.weight_decay;
  optimizer_.step(rates.learning_rate);
  optimizer_.zero_grad();
}

}  // namespace foresee
