#include "jepa/model/world_model.h"

#include <algorithm>

#include "jepa/core/config.h"
#include "jepa/core/error.h"

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

Tensor WorldModel::states(const Context&, const Tensor&) const { return {}; }

Tensor WorldModel::decode(const Tensor&) const { return {}; }

}  // namespace foresee
