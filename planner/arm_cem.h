#pragma once

#include <optional>

#include "planner/search.h"

namespace foresee::planner {

/// What the search of V-JEPA 2-AC has of its own (facebookresearch/vjepa2 notebooks/utils: mpc_utils.py cem, with the
/// values of world_model_wrapper.py). Displacements in m, the gripper as a share of its way.
struct ArmCemConfig {
  double momentum_mean = 0.15, momentum_std = 0.15;
  double momentum_mean_gripper = 0.15, momentum_std_gripper = 0.15;
  double maxnorm = 0.05;                                   // first deviation of x, y, z and the box they are clipped to
  double gripper_limit = 0.75;                             // the gripper is clipped to +- this
  double gripper_deadband = 0.25;                          // smaller gripper movements of the result become 0
  std::optional<int64_t> close_gripper;                    // from this step on the gripper closes (1, not clipped)
  std::optional<double> pin_x, pin_y, pin_z, pin_gripper;  // components that are held at a value
};
void describe(Fields& fields, ArmCemConfig& config);

/// Settings of upstream's planner: 400 samples, 10 elites, 10 iterations, 2 steps.
SearchConfig arm_search();

/// Numbers of an arm's action, and how many of them are searched: x, y, z, gripper. Rotations are 0.
inline constexpr int64_t kArmAction = 7, kArmSearched = 4;

/// The cross-entropy method of V-JEPA 2-AC on arm actions, in the environment's units:
///   a_s = clip(mean + std * noise_s), pins, closed gripper;  E = the `elites` cheapest
///   mean <- (1 - m) mean of E + m mean,  std <- (1 - m) sample deviation of E + m std     m by component
/// Unlike cem, no candidate is the mean itself. The plan is the last mean, not clipped again, with its gripper's
/// deadband.
/// @param cost  of [B, K, H, 7]. @param request  init float [B, 0, 4]; noise [iterations, B, K, H, 4]; its bounds are
/// not used. @param config  init_std is not used.
/// @returns blocks [B, H, 7]. @throws ConfigError when there are fewer than two elites; what Search throws.
Plan arm_cem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const ArmCemConfig& arm);

}  // namespace foresee::planner
