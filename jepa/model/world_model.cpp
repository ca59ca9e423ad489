#include "jepa/model/world_model.h"

#include <algorithm>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {

void require_objective(const WorldModel& model, Objective objective) {
  const auto known = model.objectives();
  if (std::find(known.begin(), known.end(), objective) != known.end()) return;
  if (objective == Objective::kDistance)
    fail<ConfigError>("the model has no distance head: train heads for it, or plan by objective latent");
  fail<ConfigError>("this model cannot plan by the objective latent");
}

Tensor WorldModel::propose(const Context&, const Tensor&, int64_t) const {
  fail("this model proposes no plans: it has no inverse-dynamics head");
}

Tensor WorldModel::step_costs(const Context& context, const Tensor& goal, const Tensor& actions,
                              Objective objective) const {
  std::vector<Tensor> costs_so_far;
  for (int64_t blocks = 1; blocks <= actions.size(2); ++blocks)
    costs_so_far.push_back(costs(context, goal, actions.slice(2, 0, blocks), objective));
  return at::stack(costs_so_far, 2);
}

Tensor WorldModel::states(const Context&, const Tensor&) const { return {}; }

Tensor WorldModel::decode(const Tensor&) const { return {}; }

}  // namespace foresee
