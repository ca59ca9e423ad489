// Claim: where plans cost no finite number, the input that makes it so is named, each by itself.
#include "planner/control/not_finite.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <utility>

#include "jepa/core/torch.h"
#include "tests/support/refusal.h"

namespace foresee::planner {
namespace {

struct Felt : Context {
  explicit Felt(Tensor value) : value(std::move(value)) {}
  int64_t batch() const override { return value.size(0); }
  std::unique_ptr<Context> rows(const Tensor& index) const override {
    return std::make_unique<Felt>(value.index_select(0, index));
  }
  Tensor value;  // float [B]
};

/// A model whose float32 overflows at white pictures and at numbers of 1e30.
class Sensitive : public WorldModel {
 public:
  explicit Sensitive(double weight = 0) : weight_(weight) {}

  const ActionSpec& action_spec() const override { return actions_; }
  const Preprocess& preprocess() const override { return preprocess_; }
  StateSpec state_spec() const override { return {.kind = StateSpec::Kind::kNumbers, .size = 1, .of_goal = true}; }
  std::unique_ptr<Context> encode(const Observation& seen) const override {
    Tensor value = brightness(seen.frames) + size(seen.state);
    if (seen.actions.defined()) value = value + size(seen.actions);
    return std::make_unique<Felt>(value);
  }
  Tensor encode_goal(const Goal& goal) const override { return brightness(goal.pictures) + size(goal.state); }
  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions, Objective) const override {
    return (dynamic_cast<const Felt&>(context).value + goal + weight_).unsqueeze(1) + actions.square().sum({2, 3});
  }
  Tensor rollout(const Context&, const Tensor& actions) const override { return actions; }

 private:
  /// exp(64) of grey pictures, infinite of white ones.
  static Tensor brightness(const Tensor& pictures) { return pictures.to(at::kFloat).flatten(1).mean(1).div(2).exp(); }
  static Tensor size(const Tensor& numbers) { return numbers.to(at::kFloat).flatten(1).square().sum(1); }

  ActionSpec actions_{.size = 1};
  Preprocess preprocess_;
  double weight_;
};

class NotFiniteCost : public ::testing::Test {
 protected:
  NotFiniteCost() {
    seen_.frames = at::full({1, 2, 3, 4, 4}, 9, at::kByte);
    seen_.actions = at::ones({1, 1, 1});
    seen_.state = at::ones({1, 2, 1}, at::kDouble);
    goal_ = Goal(at::full({1, 3, 4, 4}, 9, at::kByte), at::ones({1, 1}, at::kDouble), at::ones({1}));
  }
  void expect(const std::string& what, const Sensitive& model = Sensitive()) const {
    const std::string named = why_not_finite(model, seen_, goal_, Objective::kLatent);
    EXPECT_TRUE(says(named, what)) << named;
  }

  Observation seen_;
  Goal goal_;
};

TEST_F(NotFiniteCost, IsThatOfTheModel) { expect("the model", Sensitive(std::numeric_limits<double>::quiet_NaN())); }

TEST_F(NotFiniteCost, IsThatOfAPicture) {
  seen_.frames.fill_(255);
  expect("the pictures of the present");
  goal_.pictures.fill_(255);
  expect("the goal's picture");
}

TEST_F(NotFiniteCost, IsThatOfANumber) {
  goal_.weight.fill_(1e38);
  expect("the goal's weight");
  seen_.actions.fill_(1e30);
  expect("the actions between the earlier pictures");
  seen_.state.fill_(1e30);
  expect("the robot's state");
  goal_.state.fill_(1e30);
  expect("the goal's state");
}

TEST_F(NotFiniteCost, IsThatOfTheActionsWhereNothingElseDoesIt) { expect("the actions that were tried"); }

}  // namespace
}  // namespace foresee::planner
