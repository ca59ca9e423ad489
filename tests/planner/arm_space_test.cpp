// Claims: the search of V-JEPA 2-AC finds a target inside its box, keeps to box, pins and gripper rules, and moves its
// Gaussian as upstream does.
#include "planner/arm_space.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/noise.h"
#include "planner/planner.h"

namespace foresee::planner {
namespace {

SearchConfig small_search(int64_t horizon = 2) {
  return {.samples = 200, .iterations = 12, .elites = 20, .horizon = horizon};
}

SearchRequest request_for(const SearchConfig& config, uint64_t seed = 1) {
  SearchRequest request;
  request.init = at::zeros({1, 0, kArmSearched});
  request.noise = draw_noise(seed, std::vector<PlanId>{{0, 0}}, config, kArmSearched);
  return request;
}

Plan plan_arm(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const ArmCemConfig& arm) {
  return make_planner(config, arm)(cost, request);
}

/// Squared distance of the summed steps to a target; rotations do not matter.
struct Reach {
  std::vector<double> target;  // x, y, z, gripper

  Tensor operator()(const Tensor& actions, const Tensor&) const {
    const Tensor sum = actions.sum(2), goal = torch::tensor(target, at::kFloat);
    return (sum.narrow(-1, 0, 3) - goal.narrow(0, 0, 3)).square().sum(-1) +
           0.01 * (sum.select(-1, 6) - goal[3]).square();
  }
};

TEST(ArmSpace, ReachesATargetInsideTheBox) {
  const SearchConfig config = small_search();
  ArmCemConfig arm;
  arm.momentum_mean = arm.momentum_std = 0.15;
  const Plan plan = plan_arm(Reach{{0.06, -0.03, 0.01, 0.6}}, request_for(config), config, arm);
  ASSERT_EQ(plan.blocks.sizes(), (std::vector<int64_t>{1, 2, 7}));
  const Tensor reached = plan.blocks[0].sum(0);
  EXPECT_NEAR(reached[0].item<double>(), 0.06, 0.004);
  EXPECT_NEAR(reached[1].item<double>(), -0.03, 0.004);
  EXPECT_NEAR(reached[2].item<double>(), 0.01, 0.004);
  EXPECT_EQ(plan.blocks[0].narrow(1, 3, 3).abs().max().item<double>(), 0.0);
  EXPECT_LT(plan.trace.back(), plan.trace.front());
}

TEST(ArmSpace, CandidatesKeepToTheBoxAndTheGripperLimit) {
  const SearchConfig config = small_search();
  const ArmCemConfig arm;
  SearchRequest request = request_for(config);
  request.trace = [&](int64_t, const Iteration& done) {
    EXPECT_LE(done.candidates.narrow(-1, 0, 3).abs().max().item<double>(), arm.maxnorm + 1e-8);
    EXPECT_LE(done.candidates.select(-1, 6).abs().max().item<double>(), arm.gripper_limit);
  };
  plan_arm(Reach{{1, 1, 1, 3}}, request, config, arm);  // out of reach: everything pushes against the box
}

TEST(ArmSpace, PinsAndClosedGripperHoldInEveryCandidate) {
  const SearchConfig config = small_search(3);
  ArmCemConfig arm;
  arm.pin_y = 0.02;
  arm.close_gripper = 1;
  SearchRequest request = request_for(config);
  request.trace = [&](int64_t, const Iteration& done) {
    EXPECT_TRUE((done.candidates.select(-1, 1) == 0.02f).all().item<bool>());
    EXPECT_TRUE((done.candidates.select(-1, 6).narrow(2, 1, 2) == 1.0f).all().item<bool>());
    EXPECT_LT(done.candidates.select(-1, 6).select(2, 0).max().item<double>(), 0.76);
  };
  const Plan plan = plan_arm(Reach{{0, 0, 0, 0}}, request, config, arm);
  EXPECT_NEAR(plan.blocks[0][0][1].item<double>(), 0.02, 1e-7);
}

TEST(ArmSpace, SmallGripperMovementsBecomeNone) {
  const SearchConfig config = small_search(1);
  const Plan small = plan_arm(Reach{{0, 0, 0, 0.15}}, request_for(config), config, {});
  EXPECT_EQ(small.blocks[0][0][6].item<double>(), 0.0);
  const Plan large = plan_arm(Reach{{0, 0, 0, 0.6}}, request_for(config), config, {});
  EXPECT_NEAR(large.blocks[0][0][6].item<double>(), 0.6, 0.1);
}

TEST(ArmSpace, MovesTheGaussianByMomentumAndUnbiasedDeviation) {
  const SearchConfig config{.samples = 4, .iterations = 1, .elites = 2, .horizon = 1};
  ArmCemConfig arm;
  arm.momentum_mean = 0.25;
  arm.momentum_std = 0.5;
  arm.maxnorm = 1.0;
  SearchRequest request = request_for(config);
  request.noise.zero_();
  request.noise.select(-1, 0).copy_(torch::tensor({0.2f, 0.4f, 0.6f, 0.8f}).reshape({1, 1, 4, 1}));
  Iteration done;
  request.trace = [&](int64_t, const Iteration& last) { done = last; };
  // Elites: 0.2 and 0.4 along x; mean 0.3, sample deviation 0.1 sqrt(2).
  plan_arm([](const Tensor& actions, const Tensor&) { return actions.select(-1, 0).sum(2); }, request, config, arm);
  EXPECT_NEAR(done.mean[0][0][0].item<double>(), 0.75 * 0.3, 1e-6);
  EXPECT_NEAR(done.std[0][0][0].item<double>(), 0.5 * 0.1 * std::sqrt(2.0) + 0.5 * 1.0, 1e-6);
  EXPECT_EQ(done.candidates[0][0][0][0].item<float>(), 0.2f) << "no candidate is replaced by the mean";
}

TEST(ArmSpace, RefusesASingleElite) {
  SearchConfig config = small_search();
  config.elites = 1;
  EXPECT_THROW(plan_arm(Reach{{0, 0, 0, 0}}, request_for(config), config, {}), ConfigError);
}

}  // namespace
}  // namespace foresee::planner
