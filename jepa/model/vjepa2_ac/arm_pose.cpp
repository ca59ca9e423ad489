#include "jepa/model/vjepa2_ac/arm_pose.h"

#include <array>
#include <numbers>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr double kPi = std::numbers::pi, kGimbalLock = 1e-7;  // scipy's threshold

using Quaternion = std::array<Tensor, 4>;  // x, y, z, w, each [...]

Quaternion from_euler(const Tensor& angles) {  // [..., 3]
  const auto half = (angles * 0.5).unbind(-1);
  const Tensor cx = half[0].cos(), sx = half[0].sin(), cy = half[1].cos(), sy = half[1].sin(), cz = half[2].cos(),
               sz = half[2].sin();
  return {sx * cy * cz - cx * sy * sz, cx * sy * cz + sx * cy * sz, cx * cy * sz - sx * sy * cz,
          cx * cy * cz + sx * sy * sz};
}

Quaternion product(const Quaternion& p, const Quaternion& q) {
  return {p[3] * q[0] + p[0] * q[3] + p[1] * q[2] - p[2] * q[1], p[3] * q[1] - p[0] * q[2] + p[1] * q[3] + p[2] * q[0],
          p[3] * q[2] + p[0] * q[1] - p[1] * q[0] + p[2] * q[3], p[3] * q[3] - p[0] * q[0] - p[1] * q[1] - p[2] * q[2]};
}

Quaternion inverse(const Quaternion& q) { return {-q[0], -q[1], -q[2], q[3]}; }

Tensor wrapped(const Tensor& angle) {
  return at::where(angle < -kPi, angle + 2 * kPi, at::where(angle > kPi, angle - 2 * kPi, angle));
}

/// Bernardes and Viollet 2022, "Quaternion to Euler angles conversion", as scipy applies it to extrinsic x, y, z.
Tensor to_euler(const Quaternion& q) {
  const Tensor a = q[3] - q[1], b = q[0] + q[2], c = q[1] + q[3], d = q[2] - q[0];
  const Tensor second = 2 * at::atan2(at::hypot(c, d), at::hypot(a, b));
  const Tensor half_sum = at::atan2(b, a), half_difference = at::atan2(d, c);
  const Tensor low = second.abs() <= kGimbalLock, high = (second - kPi).abs() <= kGimbalLock;
  const Tensor first = at::where(low, 2 * half_sum, at::where(high, -2 * half_difference, half_sum - half_difference));
  const Tensor third = at::where(low | high, at::zeros_like(second), half_sum + half_difference);
  return at::stack({wrapped(first), second - kPi / 2, wrapped(third)}, -1);
}

struct Parts {
  Tensor position, rotation, gripper;  // double [..., 3], [..., 3], [..., 1]
};

Parts parts_of(const Tensor& x, const char* what) {
  FORESEE_CHECK(x.dim() >= 1 && x.size(-1) == kArmPoseSize, "expected {} [..., {}], got {}", what, kArmPoseSize,
                describe(x));
  const Tensor wide = x.to(at::kDouble);
  return {wide.narrow(-1, 0, 3), wide.narrow(-1, 3, 3), wide.narrow(-1, 6, 1)};
}

}  // namespace

Tensor compute_new_pose(const Tensor& pose, const Tensor& action) {
  const Parts from = parts_of(pose, "a pose"), change = parts_of(action, "an action");
  const Tensor rotation = to_euler(product(from_euler(change.rotation), from_euler(from.rotation)));
  return at::cat({from.position + change.position, rotation, (from.gripper + change.gripper).clamp(0, 1)}, -1)
      .to(pose.scalar_type());
}

Tensor poses_to_diff(const Tensor& start, const Tensor& end) {
  const Parts from = parts_of(start, "a pose"), to = parts_of(end, "a pose");
  const Tensor rotation = to_euler(product(from_euler(to.rotation), inverse(from_euler(from.rotation))));
  return at::cat({to.position - from.position, rotation, to.gripper - from.gripper}, -1).to(start.scalar_type());
}

Tensor poses_to_diffs(const Tensor& poses) {
  FORESEE_CHECK(poses.dim() >= 2 && poses.size(-2) >= 1, "expected poses [..., T, {}], got {}", kArmPoseSize,
                describe(poses));
  const int64_t steps = poses.size(-2) - 1;
  return poses_to_diff(poses.narrow(-2, 0, steps), poses.narrow(-2, 1, steps));
}

}  // namespace foresee
