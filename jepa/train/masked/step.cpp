#include "jepa/train/masked/step.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/state_dict.h"
#include "jepa/loss/latent_prediction.h"
#include "jepa/loss/nearness.h"
#include "jepa/loss/vicreg.h"
#include "jepa/train/ema.h"

namespace foresee {
namespace {

// Upstream's rule: biases and everything of one axis are not decayed; mask tokens and the patch kernel are.
bool decayed(const std::string& name, const Tensor& value) {
  return name.find("bias") == std::string::npos && value.dim() != 1;
}

ParameterGroup group_of(const torch::nn::Module& module, const std::string& prefix, bool with_decay) {
  ParameterGroup group;
  for (const auto& entry : module.named_parameters())
    if (decayed(entry.key(), entry.value()) == with_decay)
      group.parameters.emplace_back(prefix + entry.key(), entry.value());
  return group;
}

std::unique_ptr<AdamW> make_optimizer(const VideoEncoder& encoder, const MaskedPredictor& predictor,
                                      const AdamW::Options& options) {
  std::vector<ParameterGroup> groups;
  for (const bool with_decay : {true, false}) {
    groups.push_back(group_of(encoder, "encoder.", with_decay));
    groups.push_back(group_of(predictor, "predictor.", with_decay));
  }
  return std::make_unique<AdamW>(std::move(groups), options);
}

// Over all context tokens of the batch.
Tensor regulariser(const std::vector<std::vector<Tensor>>& contexts, const PretrainObjective& objective) {
  std::vector<Tensor> tokens;
  for (const auto& groups : contexts)
    for (const auto& context : groups) tokens.push_back(context.flatten(0, 1));
  const VicregTerms terms = vicreg_terms(latent_targets(at::cat(tokens)));
  return objective.variance * terms.variance + objective.covariance * terms.covariance;
}

// mean over the context tokens of nearness * mean |z - h|^p / p
Tensor context_loss(const Tensor& prediction, const Tensor& targets, const MaskedQuery& query, const TokenGrid& grid,
                    const PretrainObjective& objective) {
  const Tensor near = nearness(query.context_ids, query.target_ids, grid.height, grid.width);  // [B, Nc]
  const Tensor distance = (prediction - gather_tokens(targets, query.context_ids)).abs();      // [B, Nc, D]
  const Tensor powered = objective.exponent == 1.0 ? distance : distance.pow(objective.exponent) / objective.exponent;
  return (near.to(distance.scalar_type()) * powered.mean(2)).mean();
}

}  // namespace

void describe(Fields& f, PretrainObjective& c) {
  f("exponent", c.exponent, "p of the loss mean |z - h|^p / p", {0.1, 10});
  f.choice("regulariser", c.regulariser, kRegulariserNames,
           "whether the terms below are used; none: no remedy against collapse at all");
  f("variance", c.variance, "weight of VICReg's variance term on context tokens; 0: none, as V-JEPA 2", {0});
  f("covariance", c.covariance, "weight of VICReg's covariance term on context tokens; 0: none, as V-JEPA 2", {0});
  f("context", c.context, "weight of the prediction of context tokens (V-JEPA 2.1: dense); 0: none, as V-JEPA 2", {0});
  f("target_levels", c.target_levels, "last blocks of the target encoder that a target averages; 1: as V-JEPA 2",
    {1, 1000});
}

MaskedPretrainer::MaskedPretrainer(const Vjepa2Config& model, const AdamW::Options& optimizer, uint64_t seed)
    : encoder_(std::make_shared<VideoEncoder>(model.encoder)),
      target_encoder_(std::make_shared<VideoEncoder>(model.encoder)),
      predictor_(std::make_shared<MaskedPredictor>(model.predictor, model.encoder)),
      options_(optimizer) {
  encoder_->initialise(seed);
  predictor_->initialise(seed);
  load_state_dict(*target_encoder_, state_dict(*encoder_), "encoder");
  for (auto& parameter : target_encoder_->parameters()) parameter.requires_grad_(false);
  optimizer_ = make_optimizer(*encoder_, *predictor_, options_);
}

void MaskedPretrainer::to(at::Device device, at::ScalarType dtype) {
  for (torch::nn::Module* module :
       {static_cast<torch::nn::Module*>(encoder_.get()), static_cast<torch::nn::Module*>(target_encoder_.get()),
        static_cast<torch::nn::Module*>(predictor_.get())})
    module->to(device, dtype);
  optimizer_ = make_optimizer(*encoder_, *predictor_, options_);
}

Tensor MaskedPretrainer::targets(const Tensor& tubelets, const TokenGrid& grid, int64_t levels) const {
  torch::NoGradGuard no_grad;
  if (levels > 1) {
    std::vector<int64_t> layers;
    for (int64_t i = 0; i < levels; ++i) layers.push_back(target_encoder_->config.depth - levels + i);
    std::vector<Tensor> features = target_encoder_->forward_levels(tubelets, grid, layers);
    for (Tensor& level : features) level = latent_targets(level);
    return latent_targets(at::stack(features).mean(0));
  }
  const Tensor all;
  return latent_targets(target_encoder_->forward_masks(tubelets, grid, {&all, 1}).front());
}

PretrainForward MaskedPretrainer::forward(std::span<const PretrainBucket> batch, const PretrainObjective& objective,
                                          Dropout* dropout) const {
  FORESEE_CHECK(!batch.empty(), "expected at least one bucket of clips");
  PretrainForward out;
  const TubeletSize tubelet = encoder_->config.tubelet();
  std::vector<Tensor> of_context;  // scalars, as pair_losses
  for (size_t b = 0; b < batch.size(); ++b) {
    const Tensor tubelets = unfold_tubelets(batch[b].clips, tubelet);
    const TokenGrid grid = tubelet.grid(batch[b].clips);
    out.targets.push_back(targets(tubelets, grid, objective.target_levels));
    std::vector<Tensor> seen;
    for (const auto& masks : batch[b].masks) seen.push_back(masks.context);
    out.contexts.push_back(encoder_->forward_masks(tubelets, grid, seen, dropout));
    std::vector<MaskedQuery> queries;
    for (size_t m = 0; m < batch[b].masks.size(); ++m)
      queries.push_back({out.contexts.back()[m], seen[m], batch[b].masks[m].target});
    // Upstream's mask index counts the buckets, not the mask groups: with clips of one length it is always 0.
    const bool dense = objective.context > 0;
    out.predictions.push_back(predictor_->forward(queries, static_cast<int64_t>(b), dense));
    for (size_t m = 0; dense && m < queries.size(); ++m) {
      Tensor& both = out.predictions.back()[m];
      const int64_t shown = queries[m].context_ids.size(1);
      of_context.push_back(context_loss(both.narrow(1, 0, shown), out.targets.back(), queries[m], grid, objective));
      both = both.narrow(1, shown, both.size(1) - shown);
    }
    for (size_t m = 0; m < queries.size(); ++m)
      out.pair_losses.push_back(latent_prediction_loss(
          out.predictions.back()[m], gather_tokens(out.targets.back(), queries[m].target_ids), objective.exponent));
  }
  out.prediction_loss = at::stack(out.pair_losses).mean();
  out.loss = objective.regularised() ? out.prediction_loss + regulariser(out.contexts, objective) : out.prediction_loss;
  if (!of_context.empty()) out.loss = out.loss + objective.context * at::stack(of_context).mean();
  return out;
}

void MaskedPretrainer::update(const StepRates& rates) {
  FORESEE_CHECK(rates.ema_momentum, "expected an EMA momentum: the schedule ended before this step");
  auto& groups = optimizer_->groups();
  groups[0].weight_decay = groups[1].weight_decay = rates.weight_decay;
  optimizer_->step(rates.learning_rate);
  optimizer_->zero_grad();
  ema_update(*target_encoder_, *encoder_, *rates.ema_momentum);
}

}  // namespace foresee
