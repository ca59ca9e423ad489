#include "planner/control/model_cost.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

namespace {

/// An encoded goal.
struct Target {
  Tensor wanted;  // [B, ...], the family's own shape
  Tensor weight;  // float [B], or undefined
};

/// @returns float [B, K].
Tensor cost_of(const WorldModel& model, const Context& context, const Tensor& wanted, const Tensor& actions,
               const CostTerms& terms) {
  if (terms.running == 0)
    return terms.terminal == 1 ? model.costs(context, wanted, actions, terms.objective)
                               : terms.terminal * model.costs(context, wanted, actions, terms.objective);
  const Tensor along = model.step_costs(context, wanted, actions, terms.objective);  // [B, K, H]
  const int64_t last = along.size(2) - 1;
  const Tensor end = terms.terminal * along.select(2, last);
  return last == 0 ? end : end + terms.running * along.slice(2, 0, last).mean(2);
}

}  // namespace

ModelCost model_cost(const WorldModel& model, const Observation& observation, const std::vector<Goal>& goals,
                     const CostTerms& terms) {
  FORESEE_CHECK(!goals.empty(), "expected at least one goal");
  for (const Goal& goal : goals)
    FORESEE_CHECK(observation.frames.defined() && observation.frames.dim() == 5 && goal.pictures.dim() == 4 &&
                      goal.pictures.size(0) == observation.frames.size(0),
                  "expected frames [B, T, 3, H, W] and goals [B, 3, H, W], got {} and {}",
                  foresee::describe(observation.frames), foresee::describe(goal.pictures));
  const at::NoGradGuard no_grad;
  const std::shared_ptr<const Context> context = model.encode(observation);
  std::vector<Target> targets;
  for (const Goal& goal : goals) targets.push_back({model.encode_goal(goal), goal.weight});
  const Tensor first = targets.front().wanted, all = at::arange(first.size(0), at::kLong);
  CostFn cost = [&model, context, targets, all, terms](const Tensor& actions, const Tensor& rows) {
    const bool every = at::equal(rows, all);
    const std::shared_ptr<const Context> here = every ? context : context->rows(rows);
    Tensor sum;
    for (const Target& target : targets) {
      const Tensor wanted = every ? target.wanted : target.wanted.index_select(0, rows.to(target.wanted.device()));
      Tensor costs = cost_of(model, *here, wanted, actions, terms);
      if (target.weight.defined())
        costs = costs * target.weight.index_select(0, rows.to(target.weight.device())).to(costs.options()).unsqueeze(1);
      sum = sum.defined() ? sum + costs : costs;
    }
    return sum;
  };
  return {std::move(cost), first.device(),
          [&model, context, first](int64_t horizon) { return model.propose(*context, first, horizon); },
          [&model, context](const Tensor& actions) { return model.states(*context, actions); },
          [&model, context](const Tensor& actions) { return model.rollout(*context, actions); }};
}

ModelCost behind(const ModelCost& here, const Tensor& blocks) {
  const int64_t count = blocks.size(1);
  const auto whole = [blocks](const Tensor& actions, const Tensor& own) {  // [B, K, n + H, D]
    return at::cat({own.to(actions.options()).unsqueeze(1).expand({-1, actions.size(1), -1, -1}), actions}, 2);
  };
  ModelCost there = here;
  there.cost = [cost = here.cost, blocks, whole](const Tensor& actions, const Tensor& rows) {
    return cost(whole(actions, blocks.index_select(0, rows.to(blocks.device()))), rows);
  };
  there.propose = [propose = here.propose, count](int64_t horizon) { return propose(count + horizon).slice(1, count); };
  there.states = [states = here.states, blocks, whole, count](const Tensor& actions) {
    const Tensor all = states(whole(actions, blocks));
    return all.defined() ? all.slice(2, count) : all;
  };
  there.imagine = [imagine = here.imagine, blocks, whole, count](const Tensor& actions) {
    return imagine(whole(actions, blocks)).slice(2, count);
  };
  return there;
}

ModelCost model_cost(const WorldModel& model, const Observation& observation, const Goal& goal) {
  return model_cost(model, observation, std::vector<Goal>{goal});
}

}  // namespace foresee::planner
