#include "planner/control/mpc.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "tests/planner/linear_system.h"

namespace foresee::planner {
namespace {

ActionSpec two_numbers() {
  return {.size = 2, .block = 3, .low = {-1, -1}, .high = {1, 1}, .mean = {0.5, -1}, .std = {2, 4}};
}

/// A cost whose optimum is the given blocks.
CostFn distance_to(const Tensor& target) {
  return [target](const Tensor& actions, const Tensor&) { return (actions - target).square().sum({2, 3}); };
}

MpcConfig small_config(int64_t horizon, int64_t receding) {
  MpcConfig config;
  config.planner.search = {.samples = 30, .iterations = 5, .elites = 6, .horizon = horizon};
  config.receding = receding;
  return config;
}

TEST(Mpc, ReachesTheGoalOfADoubleIntegrator) {
  MpcConfig config;
  config.planner.search = {.samples = 200, .iterations = 15, .elites = 20, .horizon = 10};
  config.receding = 1;
  Mpc mpc(config, {.size = 1, .block = 1}, /*seed=*/3, /*count=*/2);
  Tensor state = torch::tensor({{2.0f, 0.0f}, {-3.0f, 1.0f}});
  const std::vector<int64_t> both{0, 1};
  for (int step = 0; step < 25; ++step) {
    mpc.plan(both, DoubleIntegrator{state});
    const Tensor actions = torch::tensor({mpc.next_action(0).at(0), mpc.next_action(1).at(0)}, at::kFloat);
    state = DoubleIntegrator{state}.next(state, actions);
  }
  EXPECT_LT(state.abs().max().item<double>(), 0.05);
}

TEST(Mpc, QueuesTheFirstBlocksInTimeOrderAndEnvironmentUnits) {
  const ActionSpec spec = two_numbers();
  MpcConfig config = small_config(/*horizon=*/2, /*receding=*/1);
  config.planner.search.init_std = 0;  // the plan is the warm start: nothing
  Mpc mpc(config, spec, 1, 1);
  EXPECT_TRUE(mpc.due(0));
  const std::vector<int64_t> only{0};
  const Plan plan = mpc.plan(only, distance_to(at::zeros({2, 6})));
  EXPECT_EQ(plan.blocks.sizes(), at::IntArrayRef({1, 2, 6}));
  for (int64_t step = 0; step < 3; ++step) {
    EXPECT_FALSE(mpc.due(0));
    EXPECT_EQ(mpc.next_action(0), (std::vector<double>{0.5, -1})) << "zero is the mean action";
  }
  EXPECT_TRUE(mpc.due(0));
  EXPECT_THROW(mpc.next_action(0), Error);
}

TEST(Mpc, UnpacksABlockFirstActionFirst) {
  ActionSpec spec = two_numbers();
  spec.low.clear();
  spec.high.clear();
  MpcConfig config = small_config(1, 1);
  config.planner.search.samples = 400;
  config.planner.search.elites = 60;
  config.planner.search.iterations = 30;
  Mpc mpc(config, spec, 1, 1);
  const Tensor block = torch::tensor({0.0f, 0.25f, 0.5f, 0.75f, 1.0f, -0.5f}).reshape({1, 6});
  mpc.plan(std::vector<int64_t>{0}, distance_to(block));
  for (int64_t step = 0; step < 3; ++step) {
    const auto action = mpc.next_action(0);
    EXPECT_NEAR(action[0], block[0][2 * step].item<double>() * 2 + 0.5, 0.2);
    EXPECT_NEAR(action[1], block[0][2 * step + 1].item<double>() * 4 - 1, 0.4);
  }
}

TEST(Mpc, BeginsWithTheBlocksThatWereLeft) {
  MpcConfig config = small_config(/*horizon=*/4, /*receding=*/1);
  Mpc warm(config, two_numbers(), 1, 1);
  std::vector<Tensor> asked;
  const CostFn spy = [&](const Tensor& actions, const Tensor&) {
    asked.push_back(actions[0][0].clone());  // the mean
    return (actions - 1).square().sum({2, 3});
  };
  const std::vector<int64_t> only{0};
  const Tensor first = warm.plan(only, spy).blocks[0];
  asked.clear();
  warm.plan(only, spy);
  EXPECT_TRUE(at::equal(asked.at(0).slice(0, 0, 3), first.slice(0, 1)));
  EXPECT_TRUE(at::equal(asked.at(0)[3], at::zeros({6})));

  warm.reset(0);
  EXPECT_TRUE(warm.due(0));
  asked.clear();
  warm.plan(only, spy);
  EXPECT_TRUE(at::equal(asked.at(0), at::zeros({4, 6}))) << "a new episode starts from nothing";
}

TEST(Mpc, DrawsNewNoiseForEveryPlanAndTheSameForTheSameProblem) {
  const MpcConfig config = small_config(2, 2);
  const CostFn cost = distance_to(at::ones({2, 6}));
  Mpc group(config, two_numbers(), 7, /*count=*/3, /*first=*/10), alone(config, two_numbers(), 7, 1, 11);
  const Tensor first = group.plan(std::vector<int64_t>{0, 1, 2}, cost).blocks;
  EXPECT_LT((alone.plan(std::vector<int64_t>{0}, cost).blocks[0] - first[1]).abs().max().item<double>(), 1e-5);
  EXPECT_FALSE(at::allclose(first[0], first[1]));
  const Tensor second = group.plan(std::vector<int64_t>{1}, cost).blocks;
  EXPECT_FALSE(at::allclose(second[0], first[1]));
  EXPECT_LT((alone.plan(std::vector<int64_t>{0}, cost).blocks[0] - second[0]).abs().max().item<double>(), 1e-5);
}

TEST(Mpc, RefusesToExecuteMoreThanItPlans) { EXPECT_THROW(Mpc(small_config(2, 3), two_numbers(), 1, 1), ConfigError); }

}  // namespace
}  // namespace foresee::planner
