// Claims: whatever searches, every candidate that is judged lies inside the limits, so does the plan, and the plan's
// cost is what these very actions cost; a number that never moves keeps its value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "planner/control/mpc.h"
#include "planner/planner.h"

namespace foresee::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr Solver kAll[] = {Solver::kCem, Solver::kIcem, Solver::kMppi, Solver::kPredictiveSampling, Solver::kGradient};

/// Three numbers, of which the last never moves; blocks of two. The box of the second lies beside its mean.
ActionSpec three_numbers() {
  return {
      .size = 3, .block = 2, .low = {-1, 2, 0.5}, .high = {1, 3, 0.5}, .mean = {0.1, 1.0, 0.5}, .std = {0.7, 0.5, 1}};
}

/// Drives every number far out of the limits, and sees that no candidate follows.
struct Pull {
  const ActionSpec& spec;
  double toward;
  int64_t* seen;

  Tensor operator()(const Tensor& actions, const Tensor&) const {
    ++*seen;
    const Tensor steps = spec.to_environment(actions);  // [B, K, steps, A]
    for (int64_t i = 0; i < spec.size; ++i) {
      const Tensor number = steps.select(-1, i);
      EXPECT_GE(number.min().item<double>(), spec.low[static_cast<size_t>(i)] - 1e-6);
      EXPECT_LE(number.max().item<double>(), spec.high[static_cast<size_t>(i)] + 1e-6);
    }
    return (actions - toward).square().sum({2, 3});
  }
};

TEST(Limits, HoldInEverySolverAndInItsPlan) {
  const ActionSpec spec = three_numbers();
  for (const Solver solver : kAll)
    for (const double toward : {9.0, -9.0, 0.3}) {
      SCOPED_TRACE(fmt::format("{} toward {}", name_of(solver), toward));
      MpcConfig config;
      config.planner.solver = solver;
      config.planner.search = {.samples = 30, .iterations = 4, .elites = 6, .horizon = 3};
      config.receding = 2;  // the second search begins with what is left
      int64_t seen = 0;
      const Pull cost{spec, toward, &seen};
      Mpc mpc(config, spec, /*seed=*/5, /*count=*/1);
      const std::vector<int64_t> only{0};
      for (int64_t number = 0; number < 2; ++number) {
        const Plan plan = mpc.plan(only, cost, at::kCPU);
        const double own = cost(plan.blocks.unsqueeze(1), at::zeros({1}, at::kLong)).item<double>();
        EXPECT_NEAR(plan.cost.item<double>(), own, 1e-5 * std::abs(own)) << "the cost is the plan's own";
        const Tensor steps = spec.to_environment(plan.blocks);
        EXPECT_LT((steps.select(-1, 2) - 0.5).abs().max().item<double>(), 1e-6) << "what never moves";
      }
      EXPECT_GE(seen, 8);
    }
}

TEST(Limits, BeginWithAMeanInside) {
  const ActionSpec spec = three_numbers();
  int64_t seen = 0;
  for (const Solver solver : kAll) {
    MpcConfig config;
    config.planner.solver = solver;
    config.planner.search = {.samples = 8, .iterations = 1, .elites = 2, .horizon = 2, .init_std = 0.0};
    config.receding = 1;
    Mpc mpc(config, spec, 1, 1);
    mpc.plan(std::vector<int64_t>{0}, Pull{spec, 0.0, &seen}, at::kCPU, at::full({1, 2, 6}, 40.0));
    if (solver == Solver::kGradient)  // it leaves its start
      EXPECT_LE(mpc.next_action(0).at(0), 1.0);
    else
      EXPECT_NEAR(mpc.next_action(0).at(0), 1.0, 1e-6) << name_of(solver);
  }
}

ActionSpec arm_limits(double low, double high) {
  return {.size = kArmAction, .low = std::vector<double>(7, low), .high = std::vector<double>(7, high)};
}

Plan plan_arm(const ArmCemConfig& arm, const ActionSpec& limits, double toward) {
  const SearchConfig config{.samples = 40, .iterations = 3, .elites = 6, .horizon = 3};
  SearchRequest request;
  request.init = at::zeros({1, 0, kArmSearched});
  request.noise = draw_noise(3, std::vector<PlanId>{{0}}, config, kArmSearched);
  request.trace = [&](int64_t, const Iteration& done) {
    if (!limits.low.empty()) {
      EXPECT_GE(done.candidates.min().item<float>(), static_cast<float>(limits.low[0]));
    }
    if (!limits.high.empty()) {
      EXPECT_LE(done.candidates.max().item<float>(), static_cast<float>(limits.high[0]));
    }
  };
  const CostFn cost = [&](const Tensor& actions, const Tensor&) { return (actions - toward).square().sum({2, 3}); };
  const Plan plan = make_planner(config, arm, limits)(cost, request);
  EXPECT_NEAR(plan.cost.item<double>(), cost(plan.blocks.unsqueeze(1), {}).item<double>(), 1e-5);
  return plan;
}

TEST(Limits, HoldInAnArmsSearch) {
  for (const double toward : {1.0, -1.0}) {
    const Plan plan = plan_arm({}, arm_limits(-0.02, 0.01), toward);
    EXPECT_GE(plan.blocks.min().item<float>(), -0.02f);
    EXPECT_LE(plan.blocks.max().item<float>(), 0.01f);
  }
  const Plan aside = plan_arm({}, arm_limits(0.01, 0.02), -1);
  EXPECT_GE(aside.blocks.min().item<float>(), 0.01f) << "rotations, too, lie at the limit that is nearest to 0";
}

TEST(Limits, APinHoldsWhatItSays) {
  const Plan plan = plan_arm({.pin_x = 0.0123, .pin_gripper = 0.1}, {.size = kArmAction}, 1);
  for (int64_t step = 0; step < 3; ++step) {
    EXPECT_EQ(plan.blocks[0][step][0].item<float>(), 0.0123f);
    EXPECT_EQ(plan.blocks[0][step][6].item<float>(), 0.1f) << "smaller than the dead band of 0.25";
  }
  EXPECT_THAT([] { arm_space({.pin_y = 0.3}, arm_limits(-0.02, 0.1)); },
              ThrowsMessage<ConfigError>(HasSubstr("arm.pin_y: 0.3 lies outside")));
}

TEST(Limits, AGripperClosesFullyAndInsideThem) {
  const Plan whole = plan_arm({.close_gripper = 1}, {.size = kArmAction}, 0);
  EXPECT_EQ(whole.blocks[0][1][6].item<float>(), 1.0f);
  EXPECT_EQ(whole.blocks[0][2][6].item<float>(), 1.0f);
  const Plan part = plan_arm({.close_gripper = 1}, arm_limits(-0.4, 0.4), 0);
  EXPECT_EQ(part.blocks[0][2][6].item<float>(), 0.4f);
}

}  // namespace
}  // namespace foresee::planner
