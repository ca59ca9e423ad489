#include "planner/env/env.h"

#include "jepa/core/error.h"
#include "planner/env/two_room.h"

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
  std::vector<double> act(const Env& env, RandomSequence&) override {
    return std::vector<double>(static_cast<size_t>(env.action_spec().size), 0.0);
  }
};

const std::vector<std::string> kEnvs{"two_room"}, kPolicies{"random", "expert", "noop"};

}  // namespace

std::vector<std::pair<std::string, std::vector<double>>> Env::columns() const {
  return {{"state", state()}, {"goal_state", goal()}};
}

std::unique_ptr<Env> make_env(const std::string& name) {
  if (name == "two_room") return std::make_unique<TwoRoom>();
  fail("unknown environment '{}'{}", name, suggestion(name, kEnvs));
}

std::unique_ptr<Policy> make_policy(const std::string& env, const std::string& name, double noise) {
  if (name == "random") return std::make_unique<RandomPolicy>();
  if (name == "noop") return std::make_unique<NoopPolicy>();
  if (name == "expert" && env == "two_room") return std::make_unique<TwoRoomExpert>(noise);
  if (name == "expert") fail("environment '{}' has no scripted expert{}", env, suggestion(env, kEnvs));
  fail("unknown policy '{}'{}", name, suggestion(name, kPolicies));
}

}  // namespace foresee::planner
