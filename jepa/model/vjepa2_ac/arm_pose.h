#pragma once

#include "jepa/core/tensor.h"

namespace foresee {

// Note [Arm poses]
// A pose is 7 numbers: x, y, z of the gripper in m in the robot's base frame, its rotation as Euler angles in rad, and
// how far the gripper is closed, 0 to 1. The angles (a, b, c) are extrinsic x, y, z, scipy's lower-case "xyz":
// R = Rz(c) Ry(b) Rx(a). An action is the change from one pose to the next, rotations multiplied from the left. At
// gimbal lock (b = +- pi/2, to 1e-7) only a +- c is determined; c is 0 then, as in scipy.
// All is computed in double on the CPU, whatever dtype and device of the arguments and of the result: a pose is 7
// numbers, and a copy of it costs less than the many small kernels of a rotation.

inline constexpr int64_t kArmPoseSize = 7;

/// The pose after an action (facebookresearch/vjepa2 notebooks/utils/mpc_utils.py compute_new_pose):
///   xyz + dxyz, R(delta) R(theta), clip(gripper + dgripper, 0, 1)
/// @param pose, action  float [..., 7]. @returns the pose's shape and dtype; differentiable once, but for gimbal lock.
Tensor compute_new_pose(const Tensor& pose, const Tensor& action);

/// The action between two poses (poses_to_diff): the inverse of compute_new_pose where nothing is clipped.
/// @param start, end  float [..., 7].
Tensor poses_to_diff(const Tensor& start, const Tensor& end);

/// The actions between consecutive poses (app/vjepa_droid/droid.py poses_to_diffs).
/// @param poses  float [..., T, 7]. @returns [..., T - 1, 7].
Tensor poses_to_diffs(const Tensor& poses);

}  // namespace foresee
