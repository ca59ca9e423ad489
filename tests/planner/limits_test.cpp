// Claims: whatever searches, every candidate that is judged lies inside the limits, so does the plan, and the plan's
// cost is what these very actions cost; a number that never moves keeps its value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "planner/control/mpc.h"
#include "planner/planner.h"

namespace foresee::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr Solver kAll[] = {Solver::kCem,      Solver::kIcem,       Solver::kMppi,   Solver::kPredictiveSampling,
                           Solver::kGradient, Solver::kLagrangian, Solver::kMemetic};

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
      config.planner.lagrangian.most_effort = 1;
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
    config.planner.lagrangian.most_effort = 1;
    config.planner.search = {.samples = 8, .iterations = 1, .elites = 2, .horizon = 2, .init_std = 0.0};
    config.receding = 1;
    Mpc mpc(config, spec, 1, 1);
    mpc.plan(std::vector<int64_t>{0}, Pull{spec, 0.0, &seen}, at::kCPU, at::full({1, 2, 6}, 40.0));
    if (solver == Solver::kGradient || solver >= Solver::kLagrangian)  // they leave their start
      EXPECT_LE(mpc.next_action(0).at(0), 1.0);
    else
      EXPECT_NEAR(mpc.next_action(0).at(0), 1.0, 1e-6) << name_of(solver);
  }
}

TEST(Limits, HoldForCategories) {
  ActionSpec spec{.size = 3, .block = 2, .low = {0, 0, 0}, .high = {1, 1, 0}};  // the last one never occurred
  MpcConfig config;
  config.planner.solver = Solver::kCategoricalCem;
  config.planner.search = {.samples = 60, .iterations = 10, .elites = 8, .horizon = 3};
  config.planner.categorical = {.categories = 3, .smoothing = 0.1, .momentum = 0.2};
  config.receding = 2;
  const auto plan = [&] {
    int64_t seen = 0;
    const Pull within{spec, 0, &seen};
    const CostFn cost = [&](const Tensor& actions, const Tensor& rows) {
      within(actions, rows);
      return -(actions * torch::tensor({0.0, 1.0, 2.0, 0.0, 1.0, 2.0}, at::kFloat)).sum({2, 3});
    };
    const Plan found = Mpc(config, spec, /*seed=*/5, /*count=*/1).plan(std::vector<int64_t>{0}, cost, at::kCPU);
    EXPECT_NEAR(found.cost.item<double>(), cost(found.blocks.unsqueeze(1), {}).item<double>(), 1e-6);
    EXPECT_GT(seen, 4);
    return found.blocks.unflatten(-1, {2, 3}).argmax(-1);  // [1, H, 2]
  };
  EXPECT_TRUE((plan() == 1).all().item<bool>()) << "the last one, which is cheaper, is not known";
  spec.low[0] = 1;  // the first one always occurred
  spec.high[1] = 0;
  EXPECT_TRUE((plan() == 0).all().item<bool>());
  spec.high[0] = spec.low[0] = 0;
  EXPECT_THAT(plan, ThrowsMessage<ConfigError>(HasSubstr("no category of discrete action 0")));
  spec.std = {1, 2, 1};
  EXPECT_THAT(plan, ThrowsMessage<ConfigError>(HasSubstr("train it with actions=none")));
}

TEST(Limits, AreThoseOfCutNumbersToo) {
  const auto [low, high] = normalised_bounds({.size = 1, .block = 2, .mean = {3}, .std = {2}, .clip = true});
  EXPECT_TRUE(at::equal(low, at::full({2}, -1.0)));
  EXPECT_TRUE(at::equal(high, at::full({2}, 1.0)));
}

constexpr double kNoLimit = 1e30;

/// One of 0 .. below - 1.
int64_t one_below(const Random& draws, uint64_t& drawn, int64_t below) {
  return std::min(static_cast<int64_t>(draws.uniform(drawn++) * static_cast<double>(below)), below - 1);
}

/// Actions of 1 to 4 numbers in blocks of 1 to 3: with limits on both sides, on one, none, or a single value.
ActionSpec any_actions(const Random& draws, uint64_t& drawn) {
  ActionSpec spec{.size = 1 + one_below(draws, drawn, 4), .block = 1 + one_below(draws, drawn, 3)};
  for (int64_t i = 0; i < spec.size; ++i) {
    const double middle = 4 * draws.uniform(drawn++) - 2, width = draws.uniform(drawn++);
    const int64_t kind = one_below(draws, drawn, 5);
    spec.low.push_back(kind == 1 ? -kNoLimit : middle);
    spec.high.push_back(kind == 2 ? kNoLimit : kind == 3 ? middle : middle + width);
    spec.mean.push_back(kind == 3 ? middle : middle + 2 * draws.uniform(drawn++) - 1);
    spec.std.push_back(kind == 3 ? 1 : 0.05 + draws.uniform(drawn++));
  }
  if (one_below(draws, drawn, 4) == 0) spec.low.clear();
  if (one_below(draws, drawn, 4) == 0) spec.high.clear();
  return spec;
}

/// A random linear network of one hidden layer, which sees that what it is asked lies inside.
struct AnyCost {
  const ActionSpec& spec;
  Tensor hidden, out;  // float [D, 8], [8]

  Tensor operator()(const Tensor& actions, const Tensor&) const {
    const Tensor steps = spec.to_environment(actions.detach().to(at::kDouble));
    for (int64_t i = 0; i < spec.size; ++i) {
      const auto at = static_cast<size_t>(i);
      const double least = steps.select(-1, i).min().item<double>(), most = steps.select(-1, i).max().item<double>();
      EXPECT_GE(least, (spec.low.empty() ? -kNoLimit : spec.low[at]) - 1e-5) << "number " << i;
      EXPECT_LE(most, (spec.high.empty() ? kNoLimit : spec.high[at]) + 1e-5) << "number " << i;
    }
    return (actions.matmul(hidden).tanh().matmul(out)).sum(2);
  }
};

TEST(Limits, HoldForAnyActionsAnySolverAndAnyCost) {
  constexpr int64_t kTrials = 120;
  const Random draws(11, Stream::kTest);
  uint64_t drawn = 0;
  for (int64_t trial = 0; trial < kTrials; ++trial) {
    const ActionSpec spec = any_actions(draws, drawn);
    MpcConfig config;
    config.planner.solver = kAll[trial % static_cast<int64_t>(std::size(kAll))];
    config.planner.search = {.samples = 8 + one_below(draws, drawn, 20),
                             .iterations = 1 + one_below(draws, drawn, 4),
                             .elites = 2 + one_below(draws, drawn, 6),
                             .horizon = 1 + one_below(draws, drawn, 4),
                             .init_std = 3 * draws.uniform(drawn++)};
    config.receding = 1 + one_below(draws, drawn, config.planner.search.horizon);
    config.planner.lagrangian.most_change = 0.5;
    const bool noise = one_below(draws, drawn, 2) == 1 && config.planner.solver == Solver::kGradient;
    config.planner.gradient.noise = noise ? 0.3 : 0;
    config.planner.gradient.judge_last = one_below(draws, drawn, 2) == 1;
    SCOPED_TRACE(fmt::format("trial {}: {}, {} numbers in blocks of {}", trial, name_of(config.planner.solver),
                             spec.size, spec.block));
    const Random weights(12, Stream::kTest, static_cast<uint64_t>(trial));
    const Tensor drawn_weights = weights.normal_tensor({spec.block_size() + 1, 8});
    const AnyCost cost{spec, drawn_weights.slice(0, 1), drawn_weights[0]};
    Mpc mpc(config, spec, static_cast<uint64_t>(trial), /*count=*/1);
    const std::vector<int64_t> only{0};
    for (int64_t number = 0; number < 3; ++number) {  // from nothing, from what is left, from a proposal far outside
      const Tensor begin =
          number < 2 ? Tensor() : weights.normal_tensor({1, config.planner.search.horizon, spec.block_size()}) * 9;
      const Plan plan = mpc.plan(only, cost, at::kCPU, begin);
      const double own = cost(plan.blocks.unsqueeze(1), {}).item<double>();
      EXPECT_NEAR(plan.cost.item<double>(), own, 1e-5 * (1 + std::abs(own)));
    }
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
