#include "planner/env/rollout.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "jepa/core/error.h"

namespace foresee::planner {

Tensor rollout_costs(const Env& env, const Tensor& actions) {
  FORESEE_CHECK(actions.dim() == 3 && actions.size(2) == env.action_spec().size, "expected actions [K, T, {}], got {}",
                env.action_spec().size, foresee::describe(actions));
  const Tensor rows = actions.detach().to(at::kCPU, at::kDouble).contiguous();
  const int64_t candidates = rows.size(0), steps = rows.size(1), size = rows.size(2);
  Tensor costs = at::empty({candidates}, at::kFloat);
  const double* action = rows.const_data_ptr<double>();
  float* cost = costs.data_ptr<float>();
  const std::vector<double> start = env.state();
  at::parallel_for(0, candidates, 16, [&](int64_t begin, int64_t end) {
    const auto world = env.clone();
    for (int64_t k = begin; k < end; ++k) {
      world->set_state(start);
      int64_t t = 0;
      bool reached = false;
      while (t < steps && !reached) {
        reached = world->step({action + (k * steps + t) * size, static_cast<size_t>(size)});
        ++t;
      }
      cost[k] = reached ? -static_cast<float>(steps - t) : static_cast<float>(world->distance_to_goal());
    }
  });
  return costs;
}

}  // namespace foresee::planner
