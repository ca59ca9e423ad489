#include "jepa/model/lewm/loss.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/loss/sigreg.h"
#include "jepa/loss/straightening.h"
#include "jepa/nn/autocast.h"

namespace foresee {
namespace {

/// Every prefix of the actions from every frame but the last, in one pass: frame t has T - 1 - t of them.
/// @returns the mean squared error over all; `first` gets the predictions from frame 0, float [B, H, D].
Tensor prefix_loss(const Lewm& model, const Tensor& embeddings, const Tensor& actions, Dropout* dropout,
                   Tensor& first) {
  const int64_t frames = embeddings.size(1), horizon = std::min(model->config.predictor.horizon, frames - 1);
  const Tensor embedded = model->embed_actions(actions);
  std::vector<Tensor> states, blocks, targets;
  Tensor known = at::zeros({frames - 1, horizon}, embeddings.options().requires_grad(false));
  for (int64_t t = 0; t + 1 < frames; ++t) {
    const int64_t count = std::min(horizon, frames - 1 - t);
    // Behind the last known action any action will do: the transformer is causal, and its predictions are not used.
    const auto padded = [&](const Tensor& x) {  // [B, count, D] -> [B, horizon, D]
      return count == horizon ? x : at::cat({x, x.slice(1, count - 1).expand({-1, horizon - count, -1})}, 1);
    };
    states.push_back(embeddings.select(1, t));
    blocks.push_back(padded(embedded.slice(1, t, t + count)));
    targets.push_back(padded(embeddings.slice(1, t + 1, t + 1 + count)));
    known[t].slice(0, 0, count).fill_(1);
  }
  const int64_t batch = embeddings.size(0);
  const Tensor predicted = model->predict_prefixes(at::cat(states), at::cat(blocks), dropout);  // [(T-1) * B, H, D]
  first = predicted.slice(0, 0, batch);
  const Tensor error = (predicted - at::cat(targets)).square().mean(-1).view({frames - 1, batch, horizon});
  return (error * known.unsqueeze(1)).sum() / (known.sum() * batch);
}

}  // namespace

void describe(Fields& f, LewmLossConfig& c) {
  f("sigreg_weight", c.sigreg_weight, "weight of SIGReg beside the prediction loss", {0});
  f("knots", c.knots, "quadrature knots of SIGReg", {2, 64});
  f("projections", c.projections, "random directions of SIGReg a step; multiples of 16 are fast", {1, 65536});
  f("rollout_steps", c.rollout_steps,
    "blocks predicted from the model's own predictions, with the gradient through them; 1: none (arXiv 2512.24497)",
    {1, 1000});
  f("rollout_weight", c.rollout_weight, "weight of roll-out steps 2 and later", {0});
  f("straightening_weight", c.straightening_weight,
    "weight of 1 - cos of successive latent velocities; 0: none (arXiv 2603.12231)", {0});
}

int64_t lewm_clip_frames(const LewmConfig& model, const LewmLossConfig& loss) {
  const bool prefix = model.predictor.kind == LewmPredictorKind::kPrefix;
  int64_t frames = 1 + (prefix ? model.predictor.horizon : std::max(model.predictor.frames, loss.rollout_steps));
  if (loss.straightening_weight > 0) frames = std::max<int64_t>(frames, 3);
  return frames;
}

LewmLosses lewm_losses(const Lewm& model, const Preprocess& preprocess, const Tensor& frames, const Tensor& actions,
                       const Tensor& directions, const LewmLossConfig& config, Dropout* dropout, const Tensor& state) {
  FORESEE_CHECK(frames.dim() == 5 && frames.size(1) >= 2 && actions.dim() == 3 && actions.size(0) == frames.size(0) &&
                    actions.size(1) == frames.size(1),
                "expected frames [B, T >= 2, 3, H, W] and actions [B, T, D], got {} and {}", describe(frames),
                describe(actions));
  const int64_t batch = frames.size(0), length = frames.size(1);
  LewmLosses losses;
  losses.embeddings = model->embed(frames.flatten(0, 1), preprocess, state.defined() ? state.flatten(0, 1) : state)
                          .to(at::kFloat)
                          .view({batch, length, -1});
  const Tensor& z = losses.embeddings;
  if (model->prefix) {
    losses.prediction = prefix_loss(model, z, actions.slice(1, 0, length - 1), dropout, losses.predictions);
  } else {
    const int64_t history = std::min(length - 1, model->config.predictor.frames);
    losses.predictions =
        model->predict(z.slice(1, 0, history), model->embed_actions(actions.slice(1, 0, history)), dropout)
            .to(at::kFloat);
    losses.prediction = (losses.predictions - z.slice(1, 1, 1 + history)).square().mean();
  }
  {
    const AutocastGuard full(Precision::kFloat32, frames.device().type());
    losses.sigreg = sigreg(z.transpose(0, 1), directions, config.knots);
  }
  losses.total = losses.prediction + losses.sigreg * config.sigreg_weight;
  if (config.rollout_steps > 1 && config.rollout_weight > 0 && !model->prefix) {
    FORESEE_CHECK(length > config.rollout_steps, "expected more than {} frames for the roll-out, got {}",
                  config.rollout_steps, describe(frames));
    const Tensor rolled = model->rollout(z.slice(1, 0, 1), actions.slice(1, 0, config.rollout_steps), dropout);
    losses.rollout = (rolled.slice(1, 2).to(at::kFloat) - z.slice(1, 2, 1 + config.rollout_steps)).square().mean();
    losses.total = losses.total + losses.rollout * config.rollout_weight;
  }
  if (config.straightening_weight > 0) {
    losses.straightening = straightening_loss(z);
    losses.total = losses.total + losses.straightening * config.straightening_weight;
  }
  return losses;
}

}  // namespace foresee
