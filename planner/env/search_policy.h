#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "planner/control/mpc.h"
#include "planner/env/env.h"

namespace foresee::planner {

/// A search on the true simulator. Defaults: demonstrations of Push-T at some 0.5 s of computing an episode.
struct SearchPolicyConfig {
  int64_t block = 5;  // environment steps that one block of a plan spans
  MpcConfig mpc = demonstration_search();

  static MpcConfig demonstration_search();
};
void describe(Fields& fields, SearchPolicyConfig& config);

/// Acts by receding-horizon search in copies of the environment: demonstrations without a demonstrator. The cost is
/// rollout_costs(); actions are cut to the environment's bounds. For one episode.
class SearchPolicy final : public Policy {
 public:
  /// @param noise  standard deviation added to every number of an action, as a share of half its range.
  explicit SearchPolicy(const SearchPolicyConfig& config, double noise = 0.0) : config_(config), noise_(noise) {}
  std::vector<double> act(const Env& env, RandomSequence& random) override;

 private:
  SearchPolicyConfig config_;
  double noise_;
  ActionSpec actions_;
  std::optional<Mpc> mpc_;  // made at the first action: it takes its seed from the draws of the episode
};

}  // namespace foresee::planner
