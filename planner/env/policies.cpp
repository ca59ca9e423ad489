#include <algorithm>

#include "jepa/core/error.h"
#include "planner/env/env_config.h"
#include "planner/env/environments.h"
#include "planner/env/search_policy.h"

namespace foresee::planner {
namespace {

class RandomPolicy final : public Policy {
 public:
  std::vector<double> act(const Env& env, RandomSequence& random) override {
    const ActionSpec spec = env.action_spec();
    std::vector<double> action;
    for (size_t i = 0; i < spec.low.size(); ++i) action.push_back(random.uniform(spec.low[i], spec.high[i]));
    return action;
  }
};

class NoopPolicy final : public Policy {
 public:
  std::vector<double> act(const Env& env, RandomSequence&) override { return env.rest(); }
};

/// Says which other environments have a policy of that name, or which policies there are.
[[noreturn]] void fail_unknown(const Environment& env, const std::string& name) {
  std::vector<std::string> known{"random", "expert", "noop", "cem"};
  std::string owners;
  for (const Environment& other : environments())
    for (const auto& [own, make] : other.policies) {
      if (own == name) owners += (owners.empty() ? "" : ", ") + other.name;
      if (std::find(known.begin(), known.end(), own) == known.end()) known.push_back(own);
    }
  if (!owners.empty()) fail("environment '{}' has no policy '{}' ({} has)", env.name, name, owners);
  fail("unknown policy '{}'{}", name, suggestion(name, known));
}

}  // namespace

std::unique_ptr<Policy> make_policy(const Environment& env, const std::string& name, double noise,
                                    const SearchPolicyConfig& search) {
  if (name == "random") return std::make_unique<RandomPolicy>();
  if (name == "noop") return std::make_unique<NoopPolicy>();
  const auto own = env.policies.find(name);
  if (own != env.policies.end()) return own->second(noise);
  // Where nobody wrote an expert, the search on the environment itself is the best there is.
  if (name == "cem" || name == "expert") return std::make_unique<SearchPolicy>(search, noise);
  fail_unknown(env, name);
}

std::unique_ptr<Policy> make_policy(const std::string& env, const std::string& name, double noise) {
  return make_policy(EnvConfig().environment(env), name, noise, SearchPolicyConfig{});
}

}  // namespace foresee::planner
