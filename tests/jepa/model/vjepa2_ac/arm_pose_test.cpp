// Claims: poses follow actions as upstream's do (reference section 6, scipy 1.17); differences invert them.
#include "jepa/model/vjepa2_ac/arm_pose.h"

#include <gtest/gtest.h>

#include <numbers>

#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

Tensor numbers(std::vector<double> values) { return torch::tensor(values, at::kDouble); }

void expect_near(const Tensor& value, const Tensor& wanted, double tolerance) {
  EXPECT_LT((value - wanted).abs().max().item<double>(), tolerance) << value << wanted;
}

TEST(ArmPose, NewPoseIsTheRecordedOne) {
  const Tensor pose =
      compute_new_pose(numbers({.5, .1, .3, 3.0, -.1, .2, .9}), numbers({.05, -.02, .01, .1, .05, -.2, .4}));
  expect_near(pose, numbers({.55, .08, .31, 3.1081271188, -.0702401511, -.0117052045, 1.0}), 1e-9);
}

TEST(ArmPose, GripperStaysWithinItsRange) {
  const Tensor still = at::zeros({7}, at::kDouble), open = numbers({0, 0, 0, 0, 0, 0, -3});
  EXPECT_EQ(compute_new_pose(still, open)[6].item<double>(), 0.0);
}

TEST(ArmPose, GimbalLockIsScipys) {
  const Tensor none = at::zeros({7}, at::kDouble);
  const double half = std::numbers::pi / 2;
  expect_near(compute_new_pose(numbers({0, 0, 0, .4, half, .9, 0}), none), numbers({0, 0, 0, -.5, half, 0, 0}), 1e-7);
  expect_near(compute_new_pose(numbers({0, 0, 0, .4, -half, .9, 0}), none), numbers({0, 0, 0, 1.3, -half, 0, 0}), 1e-7);
  expect_near(compute_new_pose(numbers({0, 0, 0, .3, half - .2, 0, 0}), numbers({0, 0, 0, 0, .2, 0, 0})),
              numbers({0, 0, 0, .3, half, 0, 0}), 1e-7);
}

TEST(ArmPose, AnglesComeBackCanonical) {
  expect_near(compute_new_pose(numbers({0, 0, 0, 3.0, -3.0, 2.0, 0}), numbers({0, 0, 0, 2., 1., -2.5, 0})),
              numbers({0, 0, 0, -1.90634528, 0.96257259, 0.19596025, 0}), 1e-7);
}

TEST(ArmPose, DifferencesLeadFromPoseToPose) {
  const Random random(1, Stream::kTest);
  Tensor poses = random.uniform_tensor({20, 7}).to(at::kDouble) * 2 - 1;
  poses.select(1, 6).add_(1).mul_(0.5);  // grippers within their range, so that nothing is clipped
  const Tensor actions = poses_to_diffs(poses);
  ASSERT_EQ(actions.size(0), 19);
  for (int64_t t = 0; t < 19; ++t) {
    expect_near(compute_new_pose(poses[t], actions[t]), poses[t + 1], 1e-12);
    expect_near(poses_to_diff(poses[t], poses[t + 1]), actions[t], 1e-15);
  }
}

TEST(ArmPose, GradientsAreThoseOfFiniteDifferences) {
  const Random random(2, Stream::kTest);
  const Tensor poses = random.uniform_tensor({2, 3, 7}).to(at::kDouble) - 0.5;
  const Tensor weights = random.uniform_tensor({3, 7}, 100).to(at::kDouble);
  poses[0].select(-1, 6).copy_(numbers({0.3, 0.9, -0.4}));  // grippers: inside, past the end, past the beginning
  poses[1].select(-1, 6).copy_(numbers({0.2, 0.4, -0.2}));
  for (const auto& function : {&compute_new_pose, &poses_to_diff}) {
    const auto sum = [&](const Tensor& both) { return (function(both[0], both[1]) * weights).sum(); };
    const Tensor leaf = poses.clone().requires_grad_(true);
    sum(leaf).backward();
    const torch::NoGradGuard no_grad;
    constexpr double kStep = 1e-6;
    for (int64_t i = 0; i < poses.numel(); ++i) {
      const Tensor up = poses.clone(), down = poses.clone();
      up.view(-1)[i] += kStep;
      down.view(-1)[i] -= kStep;
      const double slope = (sum(up) - sum(down)).item<double>() / (2 * kStep);
      EXPECT_NEAR(leaf.grad().view(-1)[i].item<double>(), slope, 1e-7) << i;
    }
  }
}

TEST(ArmPose, OneActionServesManyPoses) {
  const Random random(3, Stream::kTest);
  const Tensor poses = random.uniform_tensor({4, 2, 7}), action = random.uniform_tensor({7}, 100).requires_grad_(true);
  const Tensor next = compute_new_pose(poses, action);
  ASSERT_EQ(next.sizes(), poses.sizes());
  EXPECT_TRUE(at::equal(next[3][1], compute_new_pose(poses[3][1], action)));
  next.select(-1, 0).sum().backward();
  EXPECT_EQ(action.grad()[0].item<float>(), 8.0f);
}

TEST(ArmPose, KeepsDtypeAndRefusesOtherSizes) {
  EXPECT_EQ(compute_new_pose(at::zeros({2, 7}), at::zeros({2, 7})).scalar_type(), at::kFloat);
  EXPECT_THROW(compute_new_pose(at::zeros({6}), at::zeros({6})), Error);
}

}  // namespace
}  // namespace foresee
