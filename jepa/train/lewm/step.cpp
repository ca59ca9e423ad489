#include "jepa/train/lewm/step.h"

#include "jepa/core/torch.h"

namespace foresee {
namespace {

ParameterGroup all_parameters(const Lewm& model, double weight_decay) {
  ParameterGroup group{.parameters = {}, .weight_decay = weight_decay};
  for (const auto& item : model->named_parameters()) group.parameters.emplace_back(item.key(), item.value());
  return group;
}

}  // namespace

LewmTrainer::LewmTrainer(Lewm model, const LewmTrainConfig& config, const Preprocess& preprocess, uint64_t seed)
    : config_(config),
      preprocess_(preprocess),
      seed_(seed),
      model_(std::move(model)),
      optimizer_({all_parameters(model_, config.weight_decay)}),
      parameters_(model_->parameters()) {}

LewmLosses LewmTrainer::losses(const LewmBatch& batch, int64_t step, Dropout* dropout) const {
  const auto device = parameters_.front().device();
  const Tensor directions = Random(seed_, Stream::kSigreg, static_cast<uint64_t>(step))
                                .normal_tensor({model_->config.embedding, config_.loss.projections})
                                .to(device);
  const AutocastGuard autocast(config_.precision, device.type());
  return lewm_losses(model_, preprocess_, batch.frames.to(device), batch.actions.to(device), directions, config_.loss,
                     dropout, batch.proprio.defined() ? batch.proprio.to(device) : batch.proprio);
}

double LewmTrainer::update(const LewmLosses& losses, double learning_rate) {
  optimizer_.zero_grad();
  losses.total.backward();
  const double norm = clip_grad_norm(parameters_, config_.clip_norm);
  optimizer_.step(learning_rate);
  return norm;
}

}  // namespace foresee
