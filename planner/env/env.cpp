#include "planner/env/env.h"

#include "jepa/core/error.h"
#include "planner/env/reacher/reacher.h"
#include "planner/env/search_policy.h"
#include "planner/env/world_config.h"

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

const std::vector<std::string> kPolicies{"random", "expert", "noop", "cem", "weak"};

}  // namespace

std::vector<std::pair<std::string, std::vector<double>>> Env::columns() const {
  return {{"state", state()}, {"goal_state", goal()}};
}

void Env::restore(const Env& other) {
  set_goal(other.goal());
  set_state(other.state());
}

std::vector<double> Env::rest() const { return std::vector<double>(static_cast<size_t>(action_spec().size), 0.0); }

const std::vector<std::string>& env_names() {
  static const std::vector<std::string> names{"two_room", "eb_two_room", "wall", "push_t", "reacher", "process"};
  return names;
}

void describe(Fields& f, WorldConfig& c) {
  f("two_room", c.two_room, "stable-worldmodel's two rooms");
  f("eb_two_room", c.eb_two_room, "eb_jepa's two rooms");
  f("wall", c.wall, "DINO-WM's wall");
  f("push_t", c.push_t, "a disc that pushes a block");
  f("reacher", c.reacher, "an arm of two links");
  f("process", c.process, "an environment of one's own, in a process of its own");
}

std::unique_ptr<Env> make_env(const std::string& name, const WorldConfig& world) {
  if (name == "two_room") return std::make_unique<TwoRoom>(world.two_room);
  if (name == "eb_two_room") return std::make_unique<DotWall>(world.eb_two_room);
  if (name == "wall") return std::make_unique<DotWall>(world.wall);
  if (name == "push_t") return std::make_unique<PushT>(world.push_t);
  if (name == "reacher") return std::make_unique<Reacher>(world.reacher);
  if (name == "process") return std::make_unique<ProcessEnv>(world.process);
  fail("unknown environment '{}'{}", name, suggestion(name, env_names()));
}

std::unique_ptr<Env> make_env(const std::string& name) { return make_env(name, WorldConfig{}); }

std::unique_ptr<Policy> make_policy(const std::string& env, const std::string& name, double noise,
                                    const SearchPolicyConfig& search) {
  if (name == "random") return std::make_unique<RandomPolicy>();
  if (name == "noop") return std::make_unique<NoopPolicy>();
  if (name == "cem") return std::make_unique<SearchPolicy>(search, noise);
  if (name == "weak" && env == "push_t") return std::make_unique<PushTWeakPolicy>();
  if (name == "weak") fail("environment '{}' has no policy 'weak' (push_t has)", env);
  if (name == "expert") {
    if (env == "two_room") return std::make_unique<TwoRoomExpert>(noise);
    if (env == "eb_two_room" || env == "wall") return std::make_unique<DotWallExpert>(noise);
    if (env == "reacher") return std::make_unique<ReacherExpert>(noise);
    // Nobody wrote one: the search on the environment itself is the best there is.
    return std::make_unique<SearchPolicy>(search, noise);
  }
  fail("unknown policy '{}'{}", name, suggestion(name, kPolicies));
}

std::unique_ptr<Policy> make_policy(const std::string& env, const std::string& name, double noise) {
  return make_policy(env, name, noise, SearchPolicyConfig{});
}

}  // namespace foresee::planner
