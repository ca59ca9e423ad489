// Claims: one row makes an environment. A toy that is nowhere else in the tree is collected from, varied and evaluated
// on by the same functions as the others, and what its row does not offer is an error of one line.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "planner/env/collect.h"
#include "planner/eval/evaluate.h"

namespace foresee::planner {
namespace {

struct LineConfig {
  double speed = 1;  // places per unit of action

  void validate() const {
    if (speed <= 0) fail<ConfigError>("line: expected a speed above 0, got {}", speed);
  }
};
void describe(Fields& f, LineConfig& c) { f("speed", c.speed, "places per unit of action"); }

/// A dot on a line of 20 places; the goal is within half a place.
class Line final : public Env {
 public:
  explicit Line(LineConfig config = {}) : config_(config) {}
  std::unique_ptr<Env> clone() const override { return std::make_unique<Line>(*this); }
  void reset(RandomSequence& random) override {
    place_ = random.uniform(0, 5);
    goal_ = random.uniform(15, 20);
  }
  bool step(std::span<const double> action) override {
    place_ = std::clamp(place_ + config_.speed * std::clamp(action[0], -1.0, 1.0), 0.0, 20.0);
    return solved();
  }
  std::vector<double> state() const override { return {place_}; }
  void set_state(std::span<const double> state) override { place_ = state[0]; }
  std::vector<double> goal() const override { return {goal_}; }
  void set_goal(std::span<const double> goal) override { goal_ = goal[0]; }
  bool solved() const override { return distance_to_goal() < 0.5; }
  double distance_to_goal() const override { return std::abs(goal_ - place_); }
  Tensor render(int64_t size) const override { return picture(place_, size); }
  Tensor render_goal(int64_t size) const override { return picture(goal_, size); }
  ActionSpec action_spec() const override { return {.size = 1, .block = 1, .low = {-1}, .high = {1}}; }

 private:
  static Tensor picture(double place, int64_t size) {
    return at::full({3, size, size}, static_cast<int64_t>(10 * place), at::kByte);
  }
  LineConfig config_;
  double place_ = 0, goal_ = 20;
};

/// Toward the goal, slower near it.
class LineExpert final : public Policy {
 public:
  std::vector<double> act(const Env& env, RandomSequence&) override {
    return {std::clamp((env.goal()[0] - env.state()[0]) / 2, -1.0, 1.0)};
  }
};

/// The environments there are, and the toy.
const std::vector<Environment>& with_line() {
  static const std::vector<Environment> list = [] {
    Environment row{.name = "line", .summary = "a toy", .factors = std::make_shared<FactorsOf<LineConfig, Line>>()};
    row.collection.max_steps = 40;
    row.policies["expert"] = [](double) { return std::make_unique<LineExpert>(); };
    row.protocols = {Protocol::kNear, Protocol::kFar};
    row.far.origin = "from the left to the right";
    std::vector<Environment> all = environments();
    all.push_back(row);
    return all;
  }();
  return list;
}

/// The environments, the toy's speed at another value than its default.
EnvConfig at_speed(double speed) {
  return parse_config(nlohmann::json{{"line", {{"speed", speed}}}}, "world", EnvConfig(with_line()));
}

EvalConfig evaluation(Protocol protocol, const EnvConfig& variation) {
  EvalConfig config;
  config.variation = variation;
  config.env = "line";
  config.protocol = protocol;
  config.episodes = 4;
  config.goal_offset = 5;
  config.methods = {"expert", "noop"};
  return config;
}

TEST(ToyEnvironment, IsCollectedFromAsItsRowSays) {
  const CollectConfig config = usual_collection("line", EnvConfig(with_line()));
  EXPECT_EQ(config.policy, "expert");
  EXPECT_EQ(config.max_steps, 40);
  const auto slow = generate_episodes(config, 3);
  ASSERT_EQ(slow.size(), 3u);
  CollectConfig faster = config;
  faster.variation = at_speed(2);
  const auto fast = generate_episodes(faster, 3);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(slow[i].columns.at("terminated")[-1].item<bool>()) << "the expert arrives";
    EXPECT_LT(fast[i].length(), slow[i].length());
  }
}

TEST(ToyEnvironment, IsEvaluatedOn) {
  for (const Protocol protocol : {Protocol::kNear, Protocol::kFar}) {
    const EvalResult result = evaluate(evaluation(protocol, EnvConfig(with_line())), /*seed=*/3, nullptr);
    EXPECT_EQ(result.find("expert")->success.rate, 1) << name_of(protocol);
    EXPECT_EQ(result.find("noop")->success.rate, 0) << name_of(protocol);
    if (protocol == Protocol::kFar) {
      EXPECT_EQ(result.starts.origin, "from the left to the right");
    }
  }
}

TEST(ToyEnvironment, RefusesWhatItsRowDoesNotOffer) {
  EvalConfig config = evaluation(Protocol::kSwm, EnvConfig(with_line()));
  config.data = "rows.h5";
  EXPECT_THROW(evaluate(config, 3, nullptr), ConfigError) << "its row leaves the protocol out";
  EXPECT_THROW(at_speed(-1), ConfigError);
  CollectConfig collect = usual_collection("line", EnvConfig(with_line()));
  collect.policy = "weak";
  EXPECT_THROW(generate_episode(collect, 0), Error) << "another environment has that policy";
  EXPECT_THROW(usual_collection("line"), Error) << "the toy is on its own list alone";
  EXPECT_THROW(parse_config(nlohmann::json{{"line", {{"spede", 1}}}}, "world", EnvConfig(with_line())), ConfigError);
}

}  // namespace
}  // namespace foresee::planner
