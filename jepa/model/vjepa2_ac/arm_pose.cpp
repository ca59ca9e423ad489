#include "jepa/model/vjepa2_ac/arm_pose.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <unsupported/Eigen/AutoDiff>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr double kPi = std::numbers::pi, kGimbalLock = 1e-7;  // scipy's threshold

// Scalar is double, or Dual where gradients are asked for: a number with its derivatives by both poses' 14 numbers.
template <typename Scalar>
using Pose = Eigen::Matrix<Scalar, kArmPoseSize, 1>;
using Dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, 2 * kArmPoseSize, 1>>;

double value_of(double x) { return x; }
double value_of(const Dual& x) { return x.value(); }

template <typename Scalar>
Eigen::Quaternion<Scalar> rotation_of(const Pose<Scalar>& pose) {
  using Turn = Eigen::AngleAxis<Scalar>;
  using Axis = Eigen::Matrix<Scalar, 3, 1>;
  return Turn(pose[5], Axis::UnitZ()) * Turn(pose[4], Axis::UnitY()) * Turn(pose[3], Axis::UnitX());
}

template <typename Scalar>
Scalar wrapped(const Scalar& angle) {
  if (value_of(angle) < -kPi) return Scalar(angle + 2 * kPi);
  if (value_of(angle) > kPi) return Scalar(angle - 2 * kPi);
  return angle;
}

/// Bernardes and Viollet 2022, "Quaternion to Euler angles conversion", as scipy applies it to extrinsic x, y, z.
/// (Eigen's own conversion chooses other ranges of the angles.)
template <typename Scalar>
Eigen::Matrix<Scalar, 3, 1> euler_of(const Eigen::Quaternion<Scalar>& q) {
  using std::atan2, std::sqrt;
  const Scalar a = q.w() - q.y(), b = q.x() + q.z(), c = q.y() + q.w(), d = q.z() - q.x();
  const Scalar short_side = sqrt(Scalar(c * c + d * d)), long_side = sqrt(Scalar(a * a + b * b));
  const Scalar second = 2.0 * atan2(short_side, long_side);
  const Scalar half_sum = atan2(b, a), half_difference = atan2(d, c);
  Scalar first = half_sum - half_difference, third = half_sum + half_difference;
  const bool low = std::abs(value_of(second)) <= kGimbalLock, high = std::abs(value_of(second) - kPi) <= kGimbalLock;
  if (low) first = 2.0 * half_sum;
  if (high && !low) first = -2.0 * half_difference;
  if (low || high) third = Scalar(0.0);
  return {wrapped(first), Scalar(second - kPi / 2), wrapped(third)};
}

struct PoseAfter {
  template <typename Scalar>
  static Pose<Scalar> of(const Pose<Scalar>& pose, const Pose<Scalar>& action) {
    Pose<Scalar> next = pose + action;
    next.template segment<3>(3) = euler_of<Scalar>(rotation_of(action) * rotation_of(pose));
    if (value_of(next[6]) < 0) next[6] = Scalar(0.0);
    if (value_of(next[6]) > 1) next[6] = Scalar(1.0);
    return next;
  }
};

struct PoseDifference {
  template <typename Scalar>
  static Pose<Scalar> of(const Pose<Scalar>& start, const Pose<Scalar>& end) {
    Pose<Scalar> change = end - start;
    change.template segment<3>(3) = euler_of<Scalar>(rotation_of(end) * rotation_of(start).conjugate());
    return change;
  }
};

using Row = Eigen::Map<const Pose<double>>;

/// Rule::of() for every row of two tables double [N, 7] on the CPU, differentiable once.
template <typename Rule>
class RowByRow : public torch::autograd::Function<RowByRow<Rule>> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& a, const Tensor& b) {
    context->save_for_backward({a, b});
    Tensor out = at::empty_like(a);
    for (int64_t i = 0; i < a.numel(); i += kArmPoseSize)
      Eigen::Map<Pose<double>>(out.mutable_data_ptr<double>() + i) =
          Rule::template of<double>(Row(a.const_data_ptr<double>() + i), Row(b.const_data_ptr<double>() + i));
    return out;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               torch::autograd::tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor of_out = gradients[0].contiguous();
    const Tensor by_a = at::empty_like(saved[0]), by_b = at::empty_like(saved[1]);
    for (int64_t i = 0; i < of_out.numel(); i += kArmPoseSize) {
      Pose<Dual> a, b;
      for (int64_t j = 0; j < kArmPoseSize; ++j) {
        a[j] = Dual(saved[0].const_data_ptr<double>()[i + j], 2 * kArmPoseSize, j);
        b[j] = Dual(saved[1].const_data_ptr<double>()[i + j], 2 * kArmPoseSize, kArmPoseSize + j);
      }
      const Pose<Dual> out = Rule::template of<Dual>(a, b);
      Eigen::Matrix<double, 2 * kArmPoseSize, 1> by = Eigen::Matrix<double, 2 * kArmPoseSize, 1>::Zero();
      for (int64_t j = 0; j < kArmPoseSize; ++j) by += of_out.const_data_ptr<double>()[i + j] * out[j].derivatives();
      Eigen::Map<Pose<double>>(by_a.mutable_data_ptr<double>() + i) = by.head<kArmPoseSize>();
      Eigen::Map<Pose<double>>(by_b.mutable_data_ptr<double>() + i) = by.tail<kArmPoseSize>();
    }
    return {by_a, by_b};
  }
};

void check_poses(const Tensor& x, const char* what) {
  FORESEE_CHECK(x.dim() >= 1 && x.size(-1) == kArmPoseSize, "expected {} [..., {}], got {}", what, kArmPoseSize,
                describe(x));
}

/// @returns the broadcast shape, in dtype and on the device of `a`.
template <typename Rule>
Tensor apply(const Tensor& a, const Tensor& b) {
  const auto both = at::broadcast_tensors({a, b});
  const auto rows = [](const Tensor& x) {
    return x.to(at::kCPU, at::kDouble).reshape({-1, kArmPoseSize}).contiguous();
  };
  return RowByRow<Rule>::apply(rows(both[0]), rows(both[1])).view(both[0].sizes()).to(a.options());
}

}  // namespace

Tensor compute_new_pose(const Tensor& pose, const Tensor& action) {
  check_poses(pose, "a pose");
  check_poses(action, "an action");
  return apply<PoseAfter>(pose, action);
}

Tensor poses_to_diff(const Tensor& start, const Tensor& end) {
  check_poses(start, "a pose");
  check_poses(end, "a pose");
  return apply<PoseDifference>(start, end);
}

Tensor poses_to_diffs(const Tensor& poses) {
  FORESEE_CHECK(poses.dim() >= 2 && poses.size(-2) >= 1, "expected poses [..., T, {}], got {}", kArmPoseSize,
                describe(poses));
  const int64_t steps = poses.size(-2) - 1;
  return poses_to_diff(poses.narrow(-2, 0, steps), poses.narrow(-2, 1, steps));
}

}  // namespace foresee
