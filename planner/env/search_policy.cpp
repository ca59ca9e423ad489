#include "planner/env/search_policy.h"

#include <algorithm>
#include <array>

#include "planner/env/rollout.h"

namespace foresee::planner {

MpcConfig SearchPolicyConfig::demonstration_search() {
  MpcConfig mpc;
  mpc.planner.solver = Solver::kIcem;  // smooth candidates within the bounds
  mpc.planner.search = {.samples = 64, .iterations = 4, .elites = 8, .horizon = 4, .init_std = 0.5};
  mpc.receding = 1;
  return mpc;
}

void describe(Fields& f, SearchPolicyConfig& c) {
  f("block", c.block, "environment steps that one block of a plan spans", {1, 10000});
  describe(f, c.mpc);
}

std::vector<double> SearchPolicy::act(const Env& env, RandomSequence& random) {
  if (!mpc_) {
    actions_ = bounded_actions(env, config_.block);
    mpc_.emplace(config_.mpc, actions_, static_cast<uint64_t>(random.uniform() * 0x1p53), /*count=*/1);
  }
  constexpr std::array<int64_t, 1> kOne{0};
  if (mpc_->due(0)) mpc_->plan(kOne, simulator_cost({&env}, actions_, &Env::guidance));
  std::vector<double> action = mpc_->next_action(0);
  for (size_t i = 0; i < action.size(); ++i) {
    if (noise_ > 0) action[i] += noise_ * (actions_.high[i] - actions_.low[i]) / 2 * random.normal();
    action[i] = std::clamp(action[i], actions_.low[i], actions_.high[i]);
  }
  return action;
}

}  // namespace foresee::planner
