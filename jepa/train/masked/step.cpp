#include "jepa/train/masked/step.h"

#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/io/state_dict.h"
#include "jepa/loss/latent_prediction.h"
#include "jepa/loss/nearness.h"
#include "jepa/loss/sigreg.h"
#include "jepa/loss/vicreg.h"
#include "jepa/model/vjepa2/masked_targets.h"
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

constexpr int64_t kProjections = 256, kKnots = 17;  // of SIGReg; knots as LeWM's

// SIGReg over its number of samples: between 0 and about 1 whatever the batch.
Tensor sigreg_share(const Tensor& samples, const Tensor& directions) {
  return sigreg(samples.unsqueeze(0), directions, kKnots) / static_cast<double>(samples.size(0));
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
           "what keeps features apart. weighted: variance and covariance; sigreg: the sigreg terms; none: no remedy, "
           "steady=1 too");
  f("variance", c.variance, "weight of VICReg's variance term on context tokens; 0: none, as V-JEPA 2", {0});
  f("covariance", c.covariance, "weight of VICReg's covariance term on context tokens; 0: none, as V-JEPA 2", {0});
  f("sigreg_tokens", c.sigreg_tokens, "regulariser=sigreg: weight of SIGReg on context tokens", {0});
  f("sigreg_pooled", c.sigreg_pooled, "regulariser=sigreg: weight of SIGReg on the mean context token of each clip",
    {0});
  f("context", c.context, "weight of the prediction of context tokens (V-JEPA 2.1: 0.5); 0: none, as V-JEPA 2", {0});
  f("context_warmup", c.context_warmup, "[begin, end], shares of the run between which the weight of context rises",
    {0, 1});
  f("target_levels", c.target_levels, "last blocks of the target encoder that a target averages; 1: as V-JEPA 2",
    {1, 1000});
  f("steady", c.steady,
    "share of what stays the same over a clip that its targets keep; 1, and with regulariser=none: all of it", {0, 1});
}

bool PretrainObjective::regularised() const {
  switch (regulariser) {
    case Regulariser::kWeighted:
      return variance != 0 || covariance != 0;
    case Regulariser::kSigreg:
      return sigreg_tokens != 0 || sigreg_pooled != 0;
    case Regulariser::kNone:
      return false;
  }
  fail<InternalError>("unknown regulariser");
}

PretrainObjective PretrainObjective::at(double share) const {
  PretrainObjective now = *this;
  const double begin = context_warmup[0], end = context_warmup[1];
  if (share < begin)
    now.context = 0;
  else if (share < end)
    now.context *= (share - begin) / (end - begin);
  return now;
}

void PretrainObjective::validate() const {
  if (context_warmup.size() != 2 || context_warmup[0] > context_warmup[1])
    fail<ConfigError>("context_warmup: expected [begin, end] with begin at most end, got {} numbers{}",
                      context_warmup.size(), context_warmup.size() == 2 ? " that fall" : "");
}

MaskedPretrainer::MaskedPretrainer(const Vjepa2Config& model, const AdamW::Options& optimizer, uint64_t seed)
    : encoder_(std::make_shared<VideoEncoder>(model.encoder)),
      target_encoder_(std::make_shared<VideoEncoder>(model.encoder)),
      predictor_(std::make_shared<MaskedPredictor>(model.predictor, model.encoder)),
      layers_(model.predictor.layers(model.encoder.depth)),
      options_(optimizer),
      seed_(seed) {
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
  return masked_targets(*target_encoder_, tubelets, grid, layers_, levels);
}

// Over all context tokens of the batch, the last level's.
Tensor MaskedPretrainer::regulariser(const std::vector<std::vector<Tensor>>& contexts,
                                     const PretrainObjective& objective, int64_t step) const {
  const int64_t width = encoder_->config.width;
  std::vector<Tensor> tokens, pooled;
  for (const auto& groups : contexts)
    for (const auto& context : groups) {
      const Tensor last = context.narrow(2, context.size(2) - width, width);
      tokens.push_back(last.flatten(0, 1));
      pooled.push_back(last.mean(1));
    }
  const Tensor all = latent_targets(at::cat(tokens));
  if (objective.regulariser == Regulariser::kWeighted) {
    const VicregTerms terms = vicreg_terms(all);
    return objective.variance * terms.variance + objective.covariance * terms.covariance;
  }
  const Tensor directions = Random(seed_, Stream::kSigreg, static_cast<uint64_t>(step))
                                .normal_tensor({width, kProjections})
                                .to(all.options());
  Tensor loss = objective.sigreg_tokens * sigreg_share(all, directions);
  // Each mask group by itself: the same clips under two masks are not two samples.
  for (const Tensor& group : pooled)
    loss = loss + objective.sigreg_pooled / static_cast<double>(pooled.size()) * sigreg_share(group, directions);
  return loss;
}

PretrainForward MaskedPretrainer::forward(std::span<const PretrainBucket> batch, const PretrainObjective& objective,
                                          Dropout* dropout, int64_t step) const {
  FORESEE_CHECK(!batch.empty(), "expected at least one bucket of clips");
  PretrainForward out;
  const TubeletSize tubelet = encoder_->config.tubelet();
  std::vector<Tensor> of_context;  // scalars, as pair_losses
  for (size_t b = 0; b < batch.size(); ++b) {
    const Tensor tubelets = unfold_tubelets(batch[b].clips, tubelet);
    const TokenGrid grid = tubelet.grid(batch[b].clips);
    out.features.push_back(targets(tubelets, grid, objective.target_levels));
    out.targets.push_back(weigh_change(out.features.back(), grid.time, objective.kept_steady()));
    std::vector<Tensor> seen;
    for (const auto& masks : batch[b].masks) seen.push_back(masks.context);
    out.contexts.push_back(encoder_->forward_masks(tubelets, grid, seen, dropout, layers_));
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
  out.loss = out.prediction_loss;
  if (objective.regularised()) out.loss = out.loss + regulariser(out.contexts, objective, step);
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
