#include "planner/space/effort.h"

#include <vector>

#include "jepa/core/torch.h"

namespace foresee::planner {

Tensor order_of(const Tensor& costs, const Tensor& excess) {
  return at::where(excess <= kConstraintTolerance, costs, kBrokenCost * (1 + excess));
}

Tensor effort_of(const Tensor& actions) { return actions.square().mean({2, 3}); }

Tensor change_of(const Tensor& actions) {
  const Tensor change = actions.slice(2, 1) - actions.slice(2, 0, -1);  // [B, K, H - 1, D]
  return change.square().mean({2, 3}).nan_to_num(0);
}

ConstraintFn effort_constraints(double most_effort, double most_change) {
  if (most_effort <= 0 && most_change <= 0) return {};
  return [most_effort, most_change](const Tensor& actions, const Tensor&) {
    std::vector<Tensor> parts;
    if (most_effort > 0) parts.push_back(effort_of(actions) - most_effort);
    if (most_change > 0) parts.push_back(change_of(actions) - most_change);
    return at::stack(parts, -1);
  };
}

}  // namespace foresee::planner
