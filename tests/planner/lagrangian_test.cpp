// Claims: the augmented Lagrangian finds the closed-form optimum under a constraint, leaves a constraint that does not
// bind alone, and says how far a plan is off where none can hold.
#include "planner/lagrangian.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/planner.h"

namespace foresee::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// Two problems, each drawn to a plan of its own: the cost is the squared distance to it.
class LagrangianPlanner : public ::testing::Test {
 protected:
  Plan plan(const ConstraintFn& constraints = {}) const {
    SearchRequest request;
    request.init = at::zeros({2, 0, 2});
    request.noise = draw_noise(3, std::vector<PlanId>{{0}, {1}}, config_.draws(), 2);
    request.constraints = constraints;
    return make_planner(config_)(
        [this](const Tensor& actions, const Tensor& rows) {
          return (actions - wanted_.index_select(0, rows).unsqueeze(1)).square().sum({2, 3});
        },
        request);
  }
  double off(const Tensor& blocks, const Tensor& expected) const {
    return (blocks - expected).abs().max().item<double>();
  }

  const Tensor wanted_ =
      torch::tensor({{{1.0f, -2.0f}, {0.5f, 1.5f}, {2.0f, 0.0f}}, {{0.1f, 0.2f}, {0.0f, 0.1f}, {0.2f, 0.1f}}});
  PlannerConfig config_{.solver = Solver::kLagrangian,
                        .search = {.samples = 4, .iterations = 150, .elites = 1, .horizon = 3},
                        .gradient = {.learning_rate = 0.05, .weight_decay = 0},
                        .lagrangian = {.rounds = 8}};
};

TEST_F(LagrangianPlanner, ProjectsOntoABallOfEffort) {
  config_.lagrangian.most_effort = 0.5;
  const Plan found = plan();
  const double mean_square = wanted_[0].square().mean().item<double>();
  EXPECT_LT(off(found.blocks[0], wanted_[0] * std::sqrt(0.5 / mean_square)), 0.01);
  EXPECT_LT(off(found.blocks[1], wanted_[1]), 0.01) << "inside the ball, nothing binds";
  EXPECT_LE(found.violation.max().item<double>(), 1e-3);
}

TEST_F(LagrangianPlanner, SmoothsAPlanWhereLittleMayChange) {
  config_.lagrangian.most_change = 0.3;
  const Plan found = plan();
  // The optimum is (I + w L) x = wanted, with the Laplacian L of the chain of blocks and the weight w that fits.
  const Tensor chain = torch::tensor({{1.0, -1.0, 0.0}, {-1.0, 2.0, -1.0}, {0.0, -1.0, 1.0}});
  const auto smooth = [&](double weight) {
    return at::linalg_solve(at::eye(3, at::kDouble) + weight * chain.to(at::kDouble), wanted_[0].to(at::kDouble));
  };
  double low = 0, high = 1e3;
  for (int step = 0; step < 60; ++step) {
    const double weight = 0.5 * (low + high);
    (smooth(weight).diff(1, 0).square().mean().item<double>() > 0.3 ? low : high) = weight;
  }
  EXPECT_LT(off(found.blocks[0], smooth(high)), 0.01);
  EXPECT_LT(off(found.blocks[1], wanted_[1]), 0.01) << "it hardly changes: nothing binds";
  EXPECT_NEAR(found.cost[0].item<double>(), (found.blocks[0] - wanted_[0]).square().sum().item<double>(), 1e-4)
      << "the cost is without penalties";
}

TEST_F(LagrangianPlanner, KeepsConstraintsOfTheCaller) {
  // The sum of a plan's numbers is at most 1: the optimum moves every number by the same.
  const Plan found = plan([](const Tensor& actions, const Tensor&) { return (actions.sum({2, 3}) - 1).unsqueeze(-1); });
  const double excess = wanted_[0].sum().item<double>() - 1;
  EXPECT_LT(off(found.blocks[0], wanted_[0] - excess / 6), 0.01);
  EXPECT_LT(off(found.blocks[1], wanted_[1]), 0.01);
}

TEST_F(LagrangianPlanner, SaysHowFarAPlanIsOffWhereNoneCanHold) {
  const Plan found = plan([](const Tensor& actions, const Tensor&) {
    return at::stack({actions.square().mean({2, 3}) + 0.25}, -1);
  });
  EXPECT_NEAR(found.violation[1].item<double>(), 0.25, 0.01) << "nearest to it is the plan of zeros";
}

TEST_F(LagrangianPlanner, WantsAConstraint) {
  EXPECT_THAT([&] { plan(); }, ThrowsMessage<ConfigError>(HasSubstr("no constraint is given")));
  config_.lagrangian.penalty = 1e6;
  config_.lagrangian.most_effort = 1;
  EXPECT_THAT([&] { plan(); }, ThrowsMessage<ConfigError>(HasSubstr("penalty <= largest_penalty")));
}

}  // namespace
}  // namespace foresee::planner
