#include "planner/control/model_cost.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

ModelCost model_cost(const WorldModel& model, const Observation& observation, const Tensor& goals,
                     const Tensor& goal_state) {
  FORESEE_CHECK(observation.frames.defined() && observation.frames.dim() == 5 && goals.dim() == 4 &&
                    goals.size(0) == observation.frames.size(0),
                "expected frames [B, T, 3, H, W] and goals [B, 3, H, W], got {} and {}",
                foresee::describe(observation.frames), foresee::describe(goals));
  const at::NoGradGuard no_grad;
  const std::shared_ptr<const Context> context = model.encode(observation);
  const Tensor goal = goal_state.defined() ? model.encode_goal_state(goals, goal_state) : model.encode_goal(goals);
  const Tensor all = at::arange(goals.size(0), at::kLong);
  CostFn cost = [&model, context, goal, all](const Tensor& actions, const Tensor& rows) {
    if (at::equal(rows, all)) return model.costs(*context, goal, actions);
    return model.costs(*context->rows(rows), goal.index_select(0, rows.to(goal.device())), actions);
  };
  return {std::move(cost), goal.device(),
          [&model, context, goal](int64_t horizon) { return model.propose(*context, goal, horizon); }};
}

}  // namespace foresee::planner
