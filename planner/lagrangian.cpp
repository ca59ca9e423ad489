#include "planner/lagrangian.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/space/effort.h"

namespace foresee::planner {
namespace {

/// What Search asks: the cost with the multipliers of the round, the order in which plans are chosen, or the cost.
class Constrained {
 public:
  enum class Answer { kAugmented, kOrder, kCost };

  Constrained(const CostFn& cost, const ConstraintFn& constraints, double penalty)
      : cost_(cost), constraints_(constraints), penalty_(penalty) {}

  Tensor operator()(const Tensor& actions, const Tensor& rows) const {
    const Tensor cost = cost_(actions, rows);
    if (answer == Answer::kCost) return cost;
    const Tensor excess = constraints_(actions, rows).to(cost.device());  // [B, K, C]
    FORESEE_CHECK(excess.dim() == 3 && excess.size(0) == cost.size(0) && excess.size(1) == cost.size(1),
                  "expected constraints [{}, {}, C], got {}", cost.size(0), cost.size(1), foresee::describe(excess));
    const Tensor order = order_of(cost.detach(), excess.detach().amax(-1));
    remember(actions.detach(), order);
    if (answer == Answer::kOrder) return order;
    const Tensor shifted = (multipliers(excess) + penalty_ * excess).clamp_min(0);
    return cost + (shifted.square() - multipliers(excess).square()).sum(-1) / (2 * penalty_);
  }

  /// Ends a round. @param plans  [B, K, H, D].
  void next_round(const Tensor& plans, const Tensor& rows, const LagrangianConfig& config) {
    const at::NoGradGuard no_grad;
    const Tensor excess = constraints_(plans, rows);
    multipliers_ = (multipliers(excess) + penalty_ * excess).clamp_min(0);
    penalty_ = std::min(config.penalty_growth * penalty_, config.largest_penalty);
  }
  /// @param plans  [B, K, H, D]. @returns float [B, K], the largest excess, at least 0.
  Tensor violation(const Tensor& plans, const Tensor& rows) const {
    const at::NoGradGuard no_grad;
    return constraints_(plans, rows).amax(-1).clamp_min(0);
  }

  Answer answer = Answer::kAugmented;
  mutable Tensor best, best_cost;  // [B, H, D], [B]: the cheapest of all that keeps its constraints, else the nearest

 private:
  void remember(const Tensor& actions, const Tensor& order) const {
    const auto [least, index] = order.nan_to_num(std::numeric_limits<double>::infinity()).min(1);
    const Tensor first =
        actions.gather(1, index.view({-1, 1, 1, 1}).expand({-1, 1, actions.size(2), actions.size(3)})).select(1, 0);
    const Tensor better = best.defined() ? least < best_cost : at::ones_like(least, at::kBool);
    best = best.defined() ? at::where(better.view({-1, 1, 1}), first, best) : first;
    best_cost = best_cost.defined() ? at::where(better, least, best_cost) : least;
  }
  Tensor multipliers(const Tensor& excess) const {
    return multipliers_.defined() ? multipliers_.to(excess.device()) : at::zeros_like(excess);
  }

  const CostFn& cost_;
  const ConstraintFn& constraints_;
  double penalty_;
  Tensor multipliers_;  // float [B, K, C]
};

}  // namespace

void LagrangianConfig::validate() const {
  if (penalty > largest_penalty)
    fail<ConfigError>("lagrangian: expected penalty <= largest_penalty, got {} > {}", penalty, largest_penalty);
}

void describe(Fields& f, LagrangianConfig& c) {
  f("rounds", c.rounds, "descents of `iterations` steps, each with new multipliers", {1, 1e6});
  f("penalty", c.penalty, "weight of a constraint that does not hold, in the first round", {1e-6, 1e12});
  f("penalty_growth", c.penalty_growth, "times which it grows from round to round", {1, 1e6});
  f("largest_penalty", c.largest_penalty, "where it stops to grow", {1e-6, 1e12});
  f("most_effort", c.most_effort, "constraint: mean square of a plan's numbers, normalised actions; 0: any", {0, 1e12});
  f("most_change", c.most_change, "constraint: mean square of the change from block to block, same; 0: any", {0, 1e12});
}

Plan lagrangian(const CostFn& cost, const SearchRequest& request, const SearchConfig& config,
                const LagrangianConfig& lagrangian, const GradientConfig& gradient, const ActionSpace& space) {
  lagrangian.validate();
  const ConstraintFn constraints =
      request.constraints ? request.constraints : effort_constraints(lagrangian.most_effort, lagrangian.most_change);
  if (!constraints)
    fail<ConfigError>("lagrangian: no constraint is given; set planner.lagrangian.most_effort or most_change");
  Constrained constrained(cost, constraints, lagrangian.penalty);
  const CostFn asked = [&constrained](const Tensor& actions, const Tensor& rows) { return constrained(actions, rows); };
  SearchConfig draws = config;
  draws.iterations = 1;
  SearchRequest own = request;  // the constraints are in the cost that is asked
  own.constraints = {};
  draws.most_effort = draws.most_change = 0;
  Search search(asked, own, draws, space);
  Tensor plans = search.sample(search.noise(0));
  const auto whole = [&] { return search.space().to_action(plans); };
  const int64_t all = lagrangian.rounds * config.iterations;
  std::optional<Descender> descender;
  for (int64_t i = 0; search.more(i, all); ++i) {
    if (i % config.iterations == 0) {
      if (i > 0) constrained.next_round(whole(), search.rows(), lagrangian);
      descender.emplace(gradient);
    }
    Elites before;
    const Tensor next = descender->step(plans, search.slope(plans, before));
    search.constrain(next);
    plans = search.going(next, plans);
    search.mean = plans.select(1, 0);
    search.record(i);
  }
  constrained.answer = Constrained::Answer::kOrder;
  const Elites chosen = search.judge(plans, /*count=*/1);
  constrained.answer = Constrained::Answer::kCost;
  Plan plan = search.finish(chosen.actions.select(1, 0), chosen.costs.select(1, 0));
  plan.elite_cost = plan.cost;  // what was judged on the way has other costs
  plan.best = constrained.best;
  plan.best_cost = constrained.best_cost;
  plan.violation = constrained.violation(plan.blocks.unsqueeze(1), search.rows()).select(1, 0);
  return plan;
}

}  // namespace foresee::planner
