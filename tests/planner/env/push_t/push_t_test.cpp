// Claims beside the recorded traces (push_t_parity_test): physics a user relies on, the three variants, copies,
// pictures.
#include "planner/env/push_t/push_t.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <numbers>

#include "jepa/core/error.h"
#include "planner/env/rollout.h"
#include "planner/env/search_policy.h"

namespace foresee::planner {
namespace {

class PushTTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!push_t_available()) GTEST_SKIP() << "built without Chipmunk";
  }
};

RandomSequence draws(uint64_t step) { return RandomSequence(Random(3, Stream::kTest, step)); }

TEST_F(PushTTest, BlockHasThePublishedMomentAndCentre) {
  const PushT env;
  EXPECT_NEAR(env.physics().moment(), 3000, 1e-9);
  EXPECT_NEAR(env.physics().center_of_gravity()[1], 45, 1e-12);
}

TEST_F(PushTTest, FreeAgentFollowsTheCriticallyDampedController) {
  PushT env;
  env.set_state(std::vector<double>{100, 400, 400, 100, 0});
  double x = 0, v = 0;  // distance covered and speed of ten substeps: v += 0.01 (100 (g - x) - 20 v), x += 0.01 v
  for (int i = 0; i < 10; ++i) {
    v += 0.01 * (100 * (50 - x) - 20 * v);
    x += 0.01 * v;
  }
  env.step(std::vector<double>{0.5, 0});
  EXPECT_NEAR(env.state()[0], 100 + x, 1e-9);
  EXPECT_NEAR(env.state()[5], v, 1e-9);
}

TEST_F(PushTTest, BlockMovesOnlyWhileItIsPushed) {
  PushT env;
  env.set_state(std::vector<double>{256, 60, 256, 100, 0});
  const std::vector<double> down{0, 0.4}, rest{0, 0};
  for (int i = 0; i < 6; ++i) env.step(down);
  const double pushed = env.state()[3];
  EXPECT_GT(pushed, 105);
  PushT left(env.config());
  left.set_state(std::vector<double>{60, 60, env.state()[2], env.state()[3], env.state()[4]});
  for (int i = 0; i < 5; ++i) left.step(rest);
  EXPECT_NEAR(left.state()[3], pushed, 1e-6);
}

TEST_F(PushTTest, SuccessNeedsAgentBlockAndAngle) {
  PushT env;
  env.set_goal(std::vector<double>{100, 100, 300, 300, 1.0, 0, 0});
  const auto solved = [&](double agent, double block, double angle) {
    env.set_state(std::vector<double>{100 + agent, 100, 300 + block, 300, 1.0 + angle});
    return env.solved();
  };
  EXPECT_TRUE(solved(0, 0, 0));
  EXPECT_TRUE(solved(14, 13, 0.3));
  EXPECT_FALSE(solved(15, 14, 0)) << "as one vector: sqrt(15^2 + 14^2) > 20";
  EXPECT_FALSE(solved(0, 0, 0.36));
  EXPECT_TRUE(solved(0, 0, 2 * std::numbers::pi - 0.3)) << "the angle wraps";
}

TEST_F(PushTTest, DistanceIsZeroAtTheGoalAndCountsADegreeAsAPixel) {
  PushT env;
  env.set_state(std::vector<double>{100, 100, 300, 300, 1.0});
  env.set_goal(env.state());
  EXPECT_NEAR(env.distance_to_goal(), 0, 1e-9);
  auto goal = env.state();
  goal[4] += 10 * std::numbers::pi / 180;
  env.set_goal(goal);
  EXPECT_NEAR(env.distance_to_goal(), 10, 1e-9);
  goal[2] += 24;
  env.set_goal(goal);
  EXPECT_NEAR(env.distance_to_goal(), 26, 1e-9);
}

TEST_F(PushTTest, CopyGoesOnAsTheOriginal) {
  for (uint64_t trial = 0; trial < 5; ++trial) {
    PushT env;
    auto random = draws(trial);
    env.reset(random);
    PushTWeakPolicy policy;
    for (int i = 0; i < 30; ++i) env.step(policy.act(env, random));
    const auto copy = env.clone();
    EXPECT_EQ(copy->state(), env.state());
    EXPECT_EQ(copy->goal(), env.goal());
    const bool touching = env.contacts() > 0;
    for (int i = 0; i < 5; ++i) {
      const auto action = policy.act(env, random);
      env.step(action);
      copy->step(action);
    }
    // In contact the impulses kept from the step before are found anew: the same but for what ten sweeps leave.
    for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(copy->state()[i], env.state()[i], touching ? 0.5 : 1e-9) << trial;
  }
}

TEST_F(PushTTest, CandidatesCostTheSameWhateverRanBefore) {
  PushT env;
  env.set_state(std::vector<double>{256, 60, 256, 100, 0.3});
  const auto copy = env.clone();
  const auto run = [&] {
    copy->restore(env);
    for (int i = 0; i < 10; ++i) copy->step(std::vector<double>{0.05, 0.6});
    return copy->state();
  };
  const auto first = run();
  copy->set_state(std::vector<double>{400, 400, 300, 300, 2});
  for (int i = 0; i < 20; ++i) copy->step(std::vector<double>{-0.4, -0.4});
  EXPECT_EQ(run(), first);
}

TEST_F(PushTTest, GymVariantTakesPlacesAndScoresCoverage) {
  PushT env({.variant = PushTVariant::kGym});
  env.set_state(std::vector<double>{100, 100, 256, 256, 0});
  EXPECT_LT(env.coverage(), 0.8);
  EXPECT_FALSE(env.solved());
  env.step(std::vector<double>{150, 100});
  EXPECT_GT(env.state()[0], 110);
  // Position before angle: the turn about the centre of gravity moves the origin.
  PushT turned({.variant = PushTVariant::kGym});
  turned.set_state(std::vector<double>{450, 450, 20 + 100, 30 + 100, 1.0});
  EXPECT_NEAR(turned.state()[2], 157.866, 1e-3);
  EXPECT_NEAR(turned.state()[3], 150.686, 1e-3);
  const auto goal = env.goal();
  PushT at_goal({.variant = PushTVariant::kDinoWm});
  at_goal.set_state(std::vector<double>{60, 60, goal[2], goal[3], goal[4]});
  EXPECT_NEAR(at_goal.coverage(), 1, 1e-9);
  EXPECT_NEAR(at_goal.reward(), 1, 1e-12);
}

TEST_F(PushTTest, EveryShapeIsAWorld) {
  for (const auto& shape : push_t_shape_names()) {
    PushT env({.block_shape = shape, .block_scale = 40});
    auto random = draws(9);
    env.reset(random);
    PushTWeakPolicy policy;
    for (int i = 0; i < 20; ++i) env.step(policy.act(env, random));
    EXPECT_GE(env.coverage(), 0) << shape;
    env.set_goal(env.state());
    EXPECT_TRUE(env.solved()) << shape;
    EXPECT_EQ(env.render(64).sizes(), (std::vector<int64_t>{3, 64, 64})) << shape;
  }
  EXPECT_THROW(push_t_shape("TT", 30), ConfigError);
}

TEST_F(PushTTest, PictureIsTheSameAgainAndFollowsTheConfig) {
  PushT env;
  env.set_state(std::vector<double>{256, 200, 256, 256, 0.5});
  const Tensor first = env.render(224);
  auto random = draws(1);
  PushTWeakPolicy policy;
  for (int i = 0; i < 12; ++i) {
    env.step(policy.act(env, random));
    env.render(224);
  }
  env.set_state(std::vector<double>{256, 200, 256, 256, 0.5});
  EXPECT_TRUE(at::equal(env.render(224), first)) << "nothing of earlier pictures is left on the canvas";
  PushT other({.agent_color = {10, 200, 10}});
  other.set_state(std::vector<double>{256, 200, 256, 256, 0.5});
  EXPECT_FALSE(at::equal(other.render(224), first));
  PushT bare({.render_goal = false});
  bare.set_state(std::vector<double>{256, 200, 100, 100, 0.5});
  const auto green = [](const Tensor& picture) {
    return ((picture[0] == 144) & (picture[1] == 238) & (picture[2] == 144)).sum().item<int64_t>();
  };
  EXPECT_EQ(green(bare.render(224)), 0);
  EXPECT_GT(green(env.render(224)), 100);
}

TEST_F(PushTTest, GoalPictureShowsAgentAndBlockAtTheGoal) {
  PushT env;
  const std::vector<double> goal{120, 380, 300, 200, 2.0, 90, -40};
  env.set_goal(goal);
  PushT there;
  there.set_state(std::vector<double>(goal.begin(), goal.begin() + 5));
  EXPECT_TRUE(at::equal(env.render_goal(224), there.render(224)));
}

TEST_F(PushTTest, WeakPolicyMeetsTheBlock) {
  int met = 0;
  for (uint64_t trial = 0; trial < 10; ++trial) {
    PushT env;
    auto random = draws(100 + trial);
    env.reset(random);
    PushTWeakPolicy policy;
    int contacts = 0;
    for (int i = 0; i < 60; ++i) {
      env.step(policy.act(env, random));
      contacts += env.contacts();
    }
    met += contacts > 0;
  }
  EXPECT_GE(met, 4);
}

TEST_F(PushTTest, SearchOnTheSimulatorReachesANearGoal) {
  PushT env;
  env.set_state(std::vector<double>{256, 60, 256, 120, 0});
  env.set_goal(std::vector<double>{256, 128, 256, 160, 0, 0, 0});
  SearchPolicy policy({});
  auto random = draws(5);
  bool reached = false;
  for (int i = 0; i < 40 && !reached; ++i) reached = env.step(policy.act(env, random));
  EXPECT_TRUE(reached) << env.distance_to_goal();
}

TEST_F(PushTTest, CandidatesBeyondTheBoundsAreSteppedAsTheyWillBe) {
  PushT env;
  env.set_state(std::vector<double>{100, 400, 400, 100, 0});
  const Tensor actions = at::full({1, 3, 2}, 1.5);  // upstream cuts no action, and neither does who executes a plan
  const double cost = rollout_costs(env, actions)[0].item<double>();
  for (int i = 0; i < 3; ++i) env.step(std::vector<double>{1.5, 1.5});
  EXPECT_NEAR(cost, env.distance_to_goal(), 1e-3);
}

TEST_F(PushTTest, RefusesWhatIsNoState) {
  PushT env;
  EXPECT_THROW(env.set_state(std::vector<double>{1, 2, 3}), Error);
  EXPECT_THROW(env.step(std::vector<double>{NAN, 0}), Error);
  EXPECT_THROW(PushT({.goal_pose = {1, 2}}), ConfigError);
}

}  // namespace
}  // namespace foresee::planner
