// Claims: several goals cost the weighted sum of what each costs, running and terminal cost are what their formula
// says, and plans follow them.
#include "planner/control/model_cost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/control/controller.h"

namespace foresee::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// A point on a line that actions move: it begins at the brightness of the picture, a goal is a brightness.
class Line final : public WorldModel {
 public:
  Line() {
    actions_ = {.size = 1};
    preprocess_.size = 4;
  }
  const ActionSpec& action_spec() const override { return actions_; }
  const Preprocess& preprocess() const override { return preprocess_; }
  std::unique_ptr<Context> encode(const Observation& seen) const override {
    return std::make_unique<Place>(brightness(seen.frames.select(1, -1)));
  }
  Tensor encode_goal(const Goal& goal) const override { return brightness(goal.pictures); }
  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions, Objective) const override {
    const Tensor last = dynamic_cast<const Place&>(context).at.unsqueeze(1) + actions.sum({2, 3});
    return (last - goal.unsqueeze(1)).square();
  }
  Tensor rollout(const Context&, const Tensor& actions) const override { return actions; }

 private:
  struct Place final : Context {
    explicit Place(Tensor place) : at(std::move(place)) {}
    int64_t batch() const override { return at.size(0); }
    std::unique_ptr<Context> rows(const Tensor& index) const override {
      return std::make_unique<Place>(at.index_select(0, index));
    }
    Tensor at;  // float [B]
  };
  static Tensor brightness(const Tensor& pictures) { return pictures.to(at::kFloat).flatten(1).mean(1) / 100; }

  ActionSpec actions_;
  Preprocess preprocess_;
};

Tensor grey(double value) { return at::full({3, 4, 4}, value, at::kByte); }

class Costs : public ::testing::Test {
 protected:
  Costs() { seen_.frames = at::stack({grey(0), grey(100)}).unsqueeze(1); }  // two problems, at 0 and 1
  Goal goal(double first, double second, const Tensor& weight = {}) const {
    return Goal(at::stack({grey(first), grey(second)}), {}, weight);
  }
  const Line model_;
  Observation seen_;
  const Tensor plan_ = torch::tensor({{1.0f, 2.0f}, {0.0f, -1.0f}}).view({2, 1, 2, 1});  // over 1 to 3, and 1 to 0
};

TEST_F(Costs, OfSeveralGoalsAddUpWithTheirWeights) {
  const std::vector<Goal> goals{goal(100, 0), goal(200, 50, torch::tensor({2.0f, 4.0f}))};
  const auto cost = model_cost(model_, seen_, goals).cost;
  const Tensor both = cost(plan_, at::arange(2));
  EXPECT_NEAR(both[0].item<double>(), 4 + 2 * 1, 1e-5);
  EXPECT_NEAR(both[1].item<double>(), 0 + 4 * 0.25, 1e-5);
  EXPECT_NEAR(cost(plan_.slice(0, 1), torch::tensor({1})).item<double>(), 1, 1e-5) << "a single row of them";
  EXPECT_THAT([&] { model_cost(model_, seen_, std::vector<Goal>{}); }, ThrowsMessage<Error>(HasSubstr("one goal")));
}

TEST_F(Costs, OfTheWayCountWhereTheyAreAskedFor) {
  const std::vector<Goal> goals{goal(100, 50)};
  const Tensor cost = model_cost(model_, seen_, goals, {.terminal = 3, .running = 10}).cost(plan_, at::arange(2));
  EXPECT_NEAR(cost[0].item<double>(), 3 * 4 + 10 * 0, 1e-5);
  EXPECT_NEAR(cost[1].item<double>(), 3 * 0.25 + 10 * 0.25, 1e-5);
  const Tensor one = model_cost(model_, seen_, goals, {.running = 10}).cost(plan_.slice(2, 0, 1), at::arange(2));
  EXPECT_NEAR(one[1].item<double>(), 0.25, 1e-5) << "of a single block nothing lies before the end";
}

class Goals : public ::testing::Test {
 protected:
  std::vector<double> plan(const std::vector<Wanted>& goals) const {
    ControlConfig config = config_;
    config.planner.planner.search = {.samples = 100, .iterations = 30, .elites = 10, .horizon = 2};
    config.planner.receding = 2;
    ControlCore core(model_, config, {.seed = 1});
    core.set_goals(0, goals);
    const std::vector<Sight> seen{{.picture = grey(0)}};
    core.act(seen, std::vector<int64_t>{0});
    const Tensor actions = core.last_plan(0).actions;
    return {actions[0].item<double>(), actions[1].item<double>()};
  }
  Line model_;
  ControlConfig config_;
};

TEST_F(Goals, OfAProblemPullTogether) {
  const auto actions = plan({{.picture = grey(100)}, {.picture = grey(200), .weight = 3}});
  EXPECT_NEAR(actions[0] + actions[1], (1 + 3 * 2) / 4.0, 0.02) << "their weighted mean";
}

TEST_F(Goals, AreReachedAtOnceWhereTheWayCounts) {
  config_.running_cost = 1;
  const auto actions = plan({{.picture = grey(100)}});
  EXPECT_NEAR(actions[0], 1, 0.03);
  EXPECT_NEAR(actions[1], 0, 0.05);
}

TEST_F(Goals, AreRefusedWhereTheySayNothing) {
  EXPECT_THAT([&] { plan({}); }, ThrowsMessage<Error>(HasSubstr("at least one goal")));
  EXPECT_THAT([&] { plan({{.picture = grey(1), .weight = -1}}); }, ThrowsMessage<Error>(HasSubstr("weight above 0")));
  config_.terminal_cost = 0;
  EXPECT_THAT([&] { plan({{.picture = grey(1)}}); }, ThrowsMessage<ConfigError>(HasSubstr("terminal_cost")));
}

}  // namespace
}  // namespace foresee::planner
