// Claims beside the recorded traces (push_t_parity_test): copies, goals, the expert, pictures where OpenGL is there.
#include "planner/env/reacher/reacher.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "planner/env/rollout.h"

namespace foresee::planner {
namespace {

class ReacherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!reacher_available()) GTEST_SKIP() << "built without MuJoCo";
  }
};

RandomSequence reacher_draws(uint64_t step) { return RandomSequence(Random(4, Stream::kTest, step)); }

TEST_F(ReacherTest, FingerIsWhereTheLinksPutIt) {
  Reacher env;
  const double q0 = 0.7, q1 = -1.1;
  env.set_state(std::vector<double>{q0, q1});
  const auto finger = env.physics().finger();
  EXPECT_NEAR(finger[0], 0.12 * std::cos(q0) + 0.12 * std::cos(q0 + q1), 1e-12);
  EXPECT_NEAR(finger[1], 0.12 * std::sin(q0) + 0.12 * std::sin(q0 + q1), 1e-12);
}

TEST_F(ReacherTest, ExpertReachesItsGoals) {
  int reached = 0;
  for (uint64_t i = 0; i < 20; ++i) {
    Reacher env;
    auto random = reacher_draws(i);
    env.reset(random);
    ReacherExpert expert;
    for (int t = 0; t < 200; ++t)
      if (env.step(expert.act(env, random))) {
        ++reached;
        break;
      }
  }
  EXPECT_GE(reached, 19);
}

TEST_F(ReacherTest, CopyGoesOnExactlyAsTheOriginal) {
  Reacher env;
  auto random = reacher_draws(7);
  env.reset(random);
  for (int i = 0; i < 40; ++i) env.step(std::vector<double>{1, 1});  // into the wrist's limit
  const auto copy = env.clone();
  for (int i = 0; i < 20; ++i) {
    const std::vector<double> action{random.uniform(-1, 1), random.uniform(-1, 1)};
    env.step(action);
    copy->step(action);
  }
  EXPECT_EQ(copy->state(), env.state());
}

TEST_F(ReacherTest, AnglesDoNotWrap) {
  Reacher env;
  env.set_goal(std::vector<double>{0.5, 0.5});
  env.set_state(std::vector<double>{0.5, 0.5});
  EXPECT_TRUE(env.solved());
  env.set_state(std::vector<double>{0.5 + 6.283185307, 0.5});
  EXPECT_FALSE(env.solved());
  EXPECT_NEAR(env.distance_to_goal(), 6.283185307, 1e-9);
}

TEST_F(ReacherTest, CandidatesAreRolledOutFromTheSameState) {
  Reacher env;
  auto random = reacher_draws(8);
  env.reset(random);
  const Tensor actions = Random(5, Stream::kTest).uniform_tensor({20, 10, 2}) * 2 - 1;
  const Tensor costs = rollout_costs(env, actions), again = rollout_costs(env, actions.flip(0)).flip(0);
  EXPECT_TRUE(at::equal(costs, again));
}

TEST_F(ReacherTest, PictureShowsTheArm) {
  Reacher env;
  try {
    env.render(32);
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("install"), std::string::npos) << "a clear message, at least";
    GTEST_SKIP() << error.what();
  }
  env.set_state(std::vector<double>{0.0, 0.0});
  const Tensor right = env.render(64);
  env.set_state(std::vector<double>{3.14159, 0.0});
  const Tensor left = env.render(64);
  const auto warm = [](const Tensor& half) {  // the arm is orange on blue
    return (half[0].to(at::kInt) - half[2].to(at::kInt) > 40).sum().item<int64_t>();
  };
  EXPECT_GT(warm(right.narrow(2, 34, 28)), 20);
  EXPECT_EQ(warm(right.narrow(2, 2, 26)), 0);
  EXPECT_GT(warm(left.narrow(2, 2, 28)), 20);
  EXPECT_EQ(warm(left.narrow(2, 38, 24)), 0);
  env.set_goal(std::vector<double>{0.0, 0.0});
  EXPECT_TRUE(at::equal(env.render_goal(64), right));
}

}  // namespace
}  // namespace foresee::planner
