#include "planner/search.h"

#include <fmt/ranges.h>

#include "jepa/core/error.h"
#include "jepa/core/memory.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

void SearchConfig::validate() const {
  if (elites > samples) fail<ConfigError>("planner: expected elites <= samples, got {} > {}", elites, samples);
  // All draws of a search are made at once, at least one number per action block.
  check_memory(
      sizeof(float) * static_cast<double>(iterations) * static_cast<double>(samples) * static_cast<double>(horizon),
      "planner: the draws of iterations, samples and horizon");
}

void describe(Fields& f, SearchConfig& c) {
  f("samples", c.samples, "candidates an iteration", {1, 1e6});
  f("iterations", c.iterations, "iterations a search", {1, 1e6});
  f("elites", c.elites, "cheapest candidates that move the search", {1, 1e6});
  f("horizon", c.horizon, "action blocks a plan looks ahead", {1, 10000});
  f("init_std", c.init_std, "standard deviation of the first iteration, normalised actions", {0});
  f("converged", c.converged,
    "solvers cem and icem: a search ends when no deviation is above it, normalised actions; 0: after all iterations",
    {0});
}

Search::Search(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const ActionSpace& space)
    : cost_(cost), request_(request), converged_(config.converged), begin_(std::chrono::steady_clock::now()) {
  config.validate();
  const Tensor& init = request.init;
  FORESEE_CHECK(init.defined() && init.dim() == 3 && init.size(1) <= config.horizon,
                "expected init [B, 0 .. {}, D], got {}", config.horizon, foresee::describe(init));
  const int64_t problems = init.size(0), block = init.size(2);
  const auto wanted = static_cast<int64_t>(space.searched.size());
  FORESEE_CHECK(wanted == 0 || block == wanted, "expected init [B, 0 .. {}, {}], the searched numbers, got {}",
                config.horizon, wanted, foresee::describe(init));
  const std::vector<int64_t> shape{config.iterations, problems, config.samples, config.horizon, block};
  FORESEE_CHECK(request.noise.defined() && request.noise.sizes() == at::IntArrayRef(shape),
                "expected noise [{}], got {}", fmt::join(shape, ", "), foresee::describe(request.noise));
  FORESEE_CHECK(!request.rows.defined() || request.rows.numel() == problems, "expected {} rows, got {}", problems,
                foresee::describe(request.rows));
  noise_ = request.noise.to(init.options());
  rows_ = request.rows.defined() ? request.rows : at::arange(problems, at::kLong);
  mean = at::cat({init, at::zeros({problems, config.horizon - init.size(1), block}, init.options())}, 1);
  std = at::full_like(mean, config.init_std);
  space_ = space.to(init.options());
  space_.begin(mean, std);
}

bool Search::more(int64_t iteration, int64_t all) {
  if (iteration >= all) return false;
  const bool in_time = !request_.go_on || request_.go_on(iteration);
  if (iteration == 0) return true;
  if (converged_ > 0 && std.max().item<double>() <= converged_) {
    stopped_ = Stop::kConverged;
    return false;
  }
  if (!in_time) stopped_ = Stop::kDeadline;
  return in_time;
}

Tensor Search::sample(const Tensor& noise, bool mean_first) const {
  Tensor candidates = at::addcmul(mean.unsqueeze(1), std.unsqueeze(1), noise);
  if (mean_first) candidates.select(1, 0).copy_(mean);
  space_.constrain(candidates);
  return candidates;
}

/// @param actions  float [B, K, H, D]. @returns float [B, K], on the same device; with a graph where gradients are on.
Tensor Search::costs_of(const Tensor& actions) const {
  const Tensor costs = cost_(actions, rows_);
  FORESEE_CHECK(
      costs.defined() && costs.dim() == 2 && costs.size(0) == actions.size(0) && costs.size(1) == actions.size(1),
      "expected costs [{}, {}], got {}", actions.size(0), actions.size(1), foresee::describe(costs));
  return costs.to(actions.device());
}

Elites Search::judge(const Tensor& candidates, int64_t count) {
  const at::NoGradGuard no_grad;
  const Tensor actions = space_.to_action(candidates);
  return pick(candidates, actions, costs_of(actions), count);
}

Tensor Search::slope(const Tensor& candidates, Elites& cheapest) {
  const at::AutoGradMode with_graph(true);
  const Tensor leaf = candidates.detach().requires_grad_(true);
  const Tensor actions = space_.to_action(leaf), costs = costs_of(actions);
  FORESEE_CHECK(costs.requires_grad(), "this cost gives no gradients: search by sampling, for example with solver cem");
  const Tensor gradient = torch::autograd::grad({costs.sum()}, {leaf}).front();
  cheapest = pick(candidates, actions.detach(), costs.detach(), /*count=*/1);
  return gradient;
}

Elites Search::pick(const Tensor& candidates, const Tensor& actions, const Tensor& costs, int64_t count) {
  auto [elite_costs, index] = at::topk(costs, count, /*dim=*/1, /*largest=*/false, /*sorted=*/true);
  const Tensor picked = index.unsqueeze(-1).unsqueeze(-1).expand({-1, -1, candidates.size(2), candidates.size(3)});
  if (request_.trace) last_ = {actions, costs, elite_costs, index, {}, {}};
  Elites elites{candidates.gather(1, picked), elite_costs, index};
  cheapest_ = elite_costs.select(1, 0);
  const Tensor first = elites.actions.select(1, 0);
  if (!best_.defined()) {
    best_ = first;
    best_cost_ = cheapest_;
    return elites;
  }
  const Tensor better = (cheapest_ < best_cost_).logical_or(best_cost_.isnan());
  best_ = at::where(better.unsqueeze(-1).unsqueeze(-1), first, best_);
  best_cost_ = at::where(better, cheapest_, best_cost_);
  return elites;
}

void Search::record(int64_t iteration) {
  best_by_turn_.push_back(cheapest_);
  if (!request_.trace) return;
  Iteration done = last_;
  done.mean = mean;
  done.std = std;
  request_.trace(iteration, done);
}

Plan Search::finish(const Tensor& numbers, const Tensor& elite_cost, bool cut) const {
  Plan plan;
  plan.blocks = space_.to_action(cut ? space_.settle(numbers) : space_.settle_only(numbers));
  {
    const at::NoGradGuard no_grad;
    plan.cost = costs_of(plan.blocks.unsqueeze(1)).select(1, 0);
  }
  plan.elite_cost = elite_cost;
  plan.best = space_.to_action(best_);
  plan.best_cost = best_cost_;
  plan.iterations = static_cast<int64_t>(best_by_turn_.size());
  plan.stopped = stopped_;
  // One transfer at the end: nothing inside the search waits for the device.
  const Tensor best = at::stack(best_by_turn_).to(at::kDouble).mean(1).cpu();
  plan.trace.assign(best.data_ptr<double>(), best.data_ptr<double>() + best.numel());
  for (const Tensor& numbers_found : {plan.cost, elite_cost, plan.blocks})
    if (!at::isfinite(numbers_found).all().item<bool>()) fail<NotFinite>("the plan's cost is not a finite number");
  plan.elapsed_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin_).count();
  return plan;
}

}  // namespace foresee::planner
