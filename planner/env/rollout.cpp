#include "planner/env/rollout.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "jepa/core/error.h"

namespace foresee::planner {

Tensor rollout_costs(const Env& env, const Tensor& actions, double (Env::*distance)() const) {
  FORESEE_CHECK(actions.dim() == 3 && actions.size(2) == env.action_spec().size, "expected actions [K, T, {}], got {}",
                env.action_spec().size, foresee::describe(actions));
  const Tensor rows = actions.detach().to(at::kCPU, at::kDouble).contiguous();
  const int64_t candidates = rows.size(0), steps = rows.size(1), size = rows.size(2);
  Tensor costs = at::empty({candidates}, at::kFloat);
  const double* action = rows.const_data_ptr<double>();
  float* cost = costs.data_ptr<float>();
  at::parallel_for(0, candidates, 16, [&](int64_t begin, int64_t end) {
    const auto copy = env.clone();
    for (int64_t k = begin; k < end; ++k) {
      copy->restore(env);
      int64_t t = 0;
      bool reached = false;
      while (t < steps && !reached) {
        reached = copy->step({action + (k * steps + t) * size, static_cast<size_t>(size)});
        ++t;
      }
      cost[k] = reached ? -static_cast<float>(steps - t) : static_cast<float>((*copy.*distance)());
    }
  });
  return costs;
}

CostFn simulator_cost(std::vector<const Env*> envs, const ActionSpec& actions, double (Env::*distance)() const) {
  return [envs = std::move(envs), actions, distance](const Tensor& blocks, const Tensor& rows) {
    const Tensor plans = actions.to_environment(blocks.cpu());  // [B, K, T, A]
    std::vector<Tensor> costs;
    for (int64_t i = 0; i < plans.size(0); ++i)
      costs.push_back(rollout_costs(*envs[static_cast<size_t>(rows[i].item<int64_t>())], plans[i], distance));
    return at::stack(costs);
  };
}

ActionSpec bounded_actions(const Env& env, int64_t block) {
  ActionSpec spec = env.action_spec();
  spec.block = block;
  spec.mean.clear();
  spec.std.clear();
  for (size_t i = 0; i < spec.low.size(); ++i) {
    spec.mean.push_back((spec.low[i] + spec.high[i]) / 2);
    spec.std.push_back((spec.high[i] - spec.low[i]) / 2);
  }
  return spec;
}

}  // namespace foresee::planner
