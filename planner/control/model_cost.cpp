#include "planner/control/model_cost.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

ModelCost model_cost(const WorldModel& model, const Observation& observation, const Goal& goal, Objective objective) {
  FORESEE_CHECK(observation.frames.defined() && observation.frames.dim() == 5 && goal.pictures.dim() == 4 &&
                    goal.pictures.size(0) == observation.frames.size(0),
                "expected frames [B, T, 3, H, W] and goals [B, 3, H, W], got {} and {}",
                foresee::describe(observation.frames), foresee::describe(goal.pictures));
  const at::NoGradGuard no_grad;
  const std::shared_ptr<const Context> context = model.encode(observation);
  const Tensor wanted = model.encode_goal(goal);
  const Tensor all = at::arange(wanted.size(0), at::kLong), weight = goal.weight;
  CostFn cost = [&model, context, wanted, all, weight, objective](const Tensor& actions, const Tensor& rows) {
    const bool every = at::equal(rows, all);
    const Tensor costs =
        every ? model.costs(*context, wanted, actions, objective)
              : model.costs(*context->rows(rows), wanted.index_select(0, rows.to(wanted.device())), actions, objective);
    if (!weight.defined()) return costs;
    return costs * weight.index_select(0, rows.to(weight.device())).to(costs.options()).unsqueeze(1);
  };
  return {std::move(cost), wanted.device(),
          [&model, context, wanted](int64_t horizon) { return model.propose(*context, wanted, horizon); },
          [&model, context](const Tensor& actions) { return model.states(*context, actions); },
          [&model, context](const Tensor& actions) { return model.rollout(*context, actions); }};
}

}  // namespace foresee::planner
