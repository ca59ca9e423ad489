#include "planner/search.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "jepa/core/error.h"
#include "jepa/core/memory.h"
#include "jepa/core/torch.h"
#include "planner/smallest.h"
#include "planner/space/effort.h"
#include "planner/space/spline.h"

namespace foresee::planner {

void SearchConfig::validate() const {
  if (elites > samples) fail<ConfigError>("planner: expected elites <= samples, got {} > {}", elites, samples);
  if (knots > horizon) fail<ConfigError>("planner: expected knots <= horizon, got {} > {}", knots, horizon);
  // All draws of a search are made at once, at least one number per action block.
  check_memory(
      sizeof(float) * static_cast<double>(iterations) * static_cast<double>(samples) * static_cast<double>(steps()),
      "planner: the draws of iterations, samples and horizon");
}

void describe(Fields& f, SearchConfig& c) {
  f("samples", c.samples, "candidates an iteration", {1, 1e6});
  f("iterations", c.iterations, "iterations a search", {1, 1e6});
  f("elites", c.elites, "cheapest candidates that move the search", {1, 1e6});
  f("horizon", c.horizon, "action blocks a plan looks ahead", {1, 10000});
  f("init_std", c.init_std, "standard deviation of the first iteration, normalised actions", {0});
  f("converged", c.converged,
    "a search ends when nothing is above it, normalised actions: deviations (cem, icem, memetic), the last step (mppi, "
    "gradient), doubt about a category (categorical_cem); 0: after all iterations",
    {0});
  f("knots", c.knots, "knots of a smooth curve through the plan, which are searched in place of its blocks; 0: blocks",
    {0, 10000});
  f("effort", c.effort, "weight of the mean square of a plan's numbers in its cost, normalised actions", {0, 1e12});
  f("change", c.change, "weight of the mean square of the change from block to block, same", {0, 1e12});
  f("most_effort", c.most_effort, "searches by sampling: largest mean square of a plan's numbers, same; 0: any",
    {0, 1e12});
  f("most_change", c.most_change, "searches by sampling: largest mean square of the change, same; 0: any", {0, 1e12});
}

Search::Search(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const ActionSpace& space)
    : cost_(cost),
      request_(request),
      converged_(config.converged),
      effort_(config.effort),
      change_(config.change),
      constraints_(request.constraints ? request.constraints
                                       : effort_constraints(config.most_effort, config.most_change)),
      space_(space),
      begin_(std::chrono::steady_clock::now()) {
  config.validate();
  const Tensor& init = request.init;
  FORESEE_CHECK(init.defined() && init.dim() == 3 && init.size(1) <= config.horizon,
                "expected init [B, 0 .. {}, D], got {}", config.horizon, foresee::describe(init));
  const int64_t problems = init.size(0), block = init.size(2);
  const auto wanted = static_cast<int64_t>(space.searched.size());
  FORESEE_CHECK(wanted == 0 || block == wanted, "expected init [B, 0 .. {}, {}], the searched numbers, got {}",
                config.horizon, wanted, foresee::describe(init));
  const std::vector<int64_t> shape{config.iterations, problems, config.samples, config.steps(), block};
  FORESEE_CHECK(request.noise.defined() && request.noise.sizes() == at::IntArrayRef(shape),
                "expected noise [{}], got {}", fmt::join(shape, ", "), foresee::describe(request.noise));
  FORESEE_CHECK(!request.rows.defined() || request.rows.numel() == problems, "expected {} rows, got {}", problems,
                foresee::describe(request.rows));
  noise_ = request.noise.to(init.options());
  rows_ = request.rows.defined() ? request.rows : at::arange(problems, at::kLong);
  mean = at::cat({init, at::zeros({problems, config.horizon - init.size(1), block}, init.options())}, 1);
  if (config.knots > 0) {
    space_.spline = spline_weights(config.horizon, config.knots);
    mean = at::matmul(at::linalg_pinv(space_.spline).to(init.options()), mean);  // the nearest curve
  }
  std = at::full_like(mean, config.init_std);
  space_ = space_.to(init.options());
  space_.begin(mean, std);
  goes_on_.assign(static_cast<size_t>(problems), true);
  iterations_.assign(static_cast<size_t>(problems), 0);
  stopped_.assign(static_cast<size_t>(problems), Stop::kIterations);
}

bool Search::more(int64_t iteration, int64_t all) {
  if (iteration >= all) return false;
  const bool in_time = !request_.go_on || request_.go_on(iteration);
  if (iteration == 0) return true;
  const Tensor spread = converged_ > 0 && spread_.defined() ? spread_.to(at::kCPU, at::kDouble) : Tensor();
  for (size_t i = 0; i < goes_on_.size(); ++i) {
    if (!goes_on_[i]) continue;
    const auto problem = static_cast<int64_t>(i);
    if (spread.defined() && spread[problem].item<double>() <= converged_)
      stop(i, Stop::kConverged);
    else if (!in_time || (request_.go_on_with && !request_.go_on_with(iteration, problem)))
      stop(i, Stop::kDeadline);
  }
  return std::find(goes_on_.begin(), goes_on_.end(), true) != goes_on_.end();
}

void Search::stop(size_t problem, Stop why) {
  goes_on_[problem] = false;
  stopped_[problem] = why;
  going_ = going_.defined() ? going_.clone() : at::ones({mean.size(0)}, mean.options().dtype(at::kBool));
  going_[static_cast<int64_t>(problem)].fill_(false);
}

void Search::settled(const Tensor& spread) {
  if (converged_ > 0) spread_ = spread.flatten(1).amax(1);
}

Tensor Search::going(const Tensor& now, const Tensor& before) const {
  if (!going_.defined()) return now;
  std::vector<int64_t> shape(static_cast<size_t>(now.dim()), 1);
  shape.front() = now.size(0);
  return at::where(going_.view(shape), now, before);
}

Elites Search::going(const Elites& now, const Elites& before) const {
  if (!going_.defined()) return now;
  return {going(now.actions, before.actions), going(now.costs, before.costs), going(now.index, before.index)};
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
  Tensor own = costs.to(actions.device());
  if (effort_ > 0) own = own + effort_ * effort_of(actions);
  if (change_ > 0) own = own + change_ * change_of(actions);
  return own;
}

/// How far plans are from keeping their constraints. @pre there are some. @returns float [B, K], 0 or more.
Tensor Search::excess_of(const Tensor& actions) const {
  const at::NoGradGuard no_grad;
  const Tensor excess = constraints_(actions, rows_).to(actions.device());
  FORESEE_CHECK(excess.dim() == 3 && excess.size(0) == actions.size(0) && excess.size(1) == actions.size(1),
                "expected constraints [{}, {}, C], got {}", actions.size(0), actions.size(1),
                foresee::describe(excess));
  return excess.amax(-1).clamp_min(0).nan_to_num(kBrokenCost);
}

/// What candidates are sorted by: infinity without a finite cost, far above all others where a constraint is broken.
Tensor Search::sorted_by(const Tensor& actions, const Tensor& costs) {
  const Tensor lost = at::isfinite(costs).logical_not();
  const Tensor count = (going_.defined() ? lost.logical_and(going_.unsqueeze(1)) : lost).sum();
  not_finite_ = not_finite_.defined() ? not_finite_ + count : count;
  const Tensor order = constraints_ ? order_of(costs, excess_of(actions)) : costs;
  return order.masked_fill(lost, std::numeric_limits<double>::infinity());
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
  // A start without a finite gradient stays where it is.
  const Tensor gradient = torch::autograd::grad({costs.sum()}, {leaf}).front().nan_to_num(0, 0, 0);
  cheapest = pick(candidates, actions.detach(), costs.detach(), /*count=*/1);
  return gradient;
}

Elites Search::pick(const Tensor& candidates, const Tensor& actions, const Tensor& costs, int64_t count) {
  auto [elite_costs, index] = smallest(sorted_by(actions, costs), count);
  const Tensor lost = at::isinf(elite_costs);
  index = at::where(lost, index.slice(1, 0, 1), index);
  elite_costs = at::where(lost, elite_costs.slice(1, 0, 1), elite_costs);
  const Tensor picked = index.unsqueeze(-1).unsqueeze(-1).expand({-1, -1, candidates.size(2), candidates.size(3)});
  if (request_.trace) last_ = {actions, costs, elite_costs, index, {}, {}};
  Elites elites{candidates.gather(1, picked), elite_costs, index};
  const Tensor first = elites.actions.select(1, 0), cheapest = elite_costs.select(1, 0);
  if (!best_.defined()) {
    best_ = first;
    best_cost_ = cheapest_ = cheapest;
    return elites;
  }
  cheapest_ = going(cheapest, cheapest_);
  Tensor better = cheapest < best_cost_;
  if (going_.defined()) better = better.logical_and(going_);
  best_ = at::where(better.unsqueeze(-1).unsqueeze(-1), first, best_);
  best_cost_ = at::where(better, cheapest, best_cost_);
  return elites;
}

void Search::record(int64_t iteration) {
  best_by_turn_.push_back(cheapest_);
  for (size_t i = 0; i < goes_on_.size(); ++i) iterations_[i] += goes_on_[i] ? 1 : 0;
  if (!request_.trace) return;
  Iteration done = last_;
  done.mean = mean;
  done.std = std;
  request_.trace(iteration, done);
}

void Search::take_best(Plan& plan) const {
  const auto all_finite = [](const Tensor& numbers) { return at::isfinite(numbers).flatten(1).all(1); };
  const Tensor finite = at::isfinite(plan.cost).logical_and(all_finite(plan.blocks));
  const Tensor poor = plan.violation.defined() ? finite.logical_not().logical_or(plan.violation > kConstraintTolerance)
                                               : finite.logical_not();
  if (!poor.any().item<bool>()) return;
  const at::NoGradGuard no_grad;
  const Tensor cost = costs_of(plan.best.unsqueeze(1)).select(1, 0);
  Tensor take = poor.logical_and(at::isfinite(cost));
  if (plan.violation.defined()) {
    const Tensor violation = excess_of(plan.best.unsqueeze(1)).select(1, 0);
    take = take.logical_and(finite.logical_not().logical_or(violation < plan.violation));
    plan.violation = at::where(take, violation, plan.violation);
  }
  plan.blocks = at::where(take.unsqueeze(-1).unsqueeze(-1), plan.best, plan.blocks);
  plan.cost = at::where(take, cost, plan.cost);
  plan.elite_cost = at::where(at::isfinite(plan.elite_cost), plan.elite_cost, plan.cost);
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
  if (constraints_) plan.violation = excess_of(plan.blocks.unsqueeze(1)).select(1, 0);
  take_best(plan);
  const auto longest = std::max_element(iterations_.begin(), iterations_.end()) - iterations_.begin();
  plan.iterations_of = iterations_;
  plan.stopped_of = stopped_;
  plan.iterations = iterations_[static_cast<size_t>(longest)];
  plan.stopped = stopped_[static_cast<size_t>(longest)];
  plan.not_finite = not_finite_.defined() ? not_finite_.item<int64_t>() : 0;
  // One transfer at the end: nothing inside the search waits for the device.
  const Tensor best = at::stack(best_by_turn_).to(at::kDouble).mean(1).cpu();
  plan.trace.assign(best.data_ptr<double>(), best.data_ptr<double>() + best.numel());
  for (const Tensor& numbers_found : {plan.cost, plan.elite_cost, plan.blocks})
    if (!at::isfinite(numbers_found).all().item<bool>()) fail<NotFinite>("the plan's cost is not a finite number");
  plan.elapsed_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin_).count();
  return plan;
}

}  // namespace foresee::planner
