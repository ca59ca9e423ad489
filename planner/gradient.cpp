#include "planner/gradient.h"

#include <cmath>

#include "jepa/core/torch.h"

namespace foresee::planner {

Descender::Descender(const GradientConfig& config) : config_(config) {}

Tensor Descender::step(const Tensor& plans, const Tensor& slope) {
  Tensor x = plans, gradient = slope;
  if (config_.clip_norm > 0) {  // torch.nn.utils.clip_grad_norm_, for each problem
    const Tensor norm = gradient.square().sum({1, 2, 3}, /*keepdim=*/true).sqrt();
    gradient = gradient * (config_.clip_norm / (norm + 1e-6)).clamp_max(1);
  }
  const double rate = config_.learning_rate;
  if (config_.optimizer == Descent::kSgd) return x - rate * gradient;
  constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEps = 1e-8;
  ++steps_;
  mean_ = mean_.defined() ? kBeta1 * mean_ + (1 - kBeta1) * gradient : (1 - kBeta1) * gradient;
  square_ = (square_.defined() ? kBeta2 * square_ : at::zeros_like(gradient)) + (1 - kBeta2) * gradient.square();
  if (config_.optimizer == Descent::kAdamW) x = x * (1 - rate * config_.weight_decay);
  const double bias1 = 1 - std::pow(kBeta1, steps_), bias2 = 1 - std::pow(kBeta2, steps_);
  return x - rate / bias1 * mean_ / (square_.sqrt() / std::sqrt(bias2) + kEps);
}

void describe(Fields& f, GradientConfig& c) {
  f.choice("optimizer", c.optimizer, kDescentNames, "how a gradient becomes a step");
  f("learning_rate", c.learning_rate, "size of a step, normalised actions", {0, 1000});
  f("weight_decay", c.weight_decay, "adamw: pull of the actions towards 0", {0, 1000});
  f("noise", c.noise, "standard deviation of what is added after each step, normalised actions", {0, 1000});
  f("clip_norm", c.clip_norm, "largest norm of a problem's gradient; 0: any", {0, 1e12});
  f("judge_last", c.judge_last, "choose the plan by its cost after the last step; false: before it, as upstream 0.1.1");
}

SearchConfig gradient_draws(SearchConfig search, const GradientConfig& config) {
  search.iterations = config.noise > 0 ? search.iterations + 1 : 1;
  return search;
}

Plan gradient_descent(const CostFn& cost, const SearchRequest& request, const SearchConfig& config,
                      const GradientConfig& gradient, const ActionSpace& space) {
  Search search(cost, request, gradient_draws(config, gradient), space);
  Descender descender(gradient);
  Tensor plans = search.sample(search.noise(0));
  Elites best;
  for (int64_t i = 0; search.more(i, config.iterations); ++i) {
    Elites before;
    Tensor next = descender.step(plans, search.slope(plans, before));
    if (gradient.noise > 0) next = next + gradient.noise * search.noise(i + 1);
    search.constrain(next);
    best = search.going(before, best);
    next = search.going(next, plans);
    search.settled((next - plans).abs());
    plans = next;
    search.mean = plans.select(1, 0);
    search.record(i);
  }
  if (gradient.judge_last) best = search.judge(plans, /*count=*/1);
  const Tensor picked =
      best.index.unsqueeze(-1).unsqueeze(-1).expand({-1, -1, plans.size(2), plans.size(3)});  // [B, 1, H, S]
  return search.finish(plans.gather(1, picked).select(1, 0), best.costs.select(1, 0));
}

}  // namespace foresee::planner
