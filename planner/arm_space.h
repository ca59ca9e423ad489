#pragma once

#include <optional>

#include "planner/cem.h"
#include "planner/space/action_space.h"

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

/// What is searched of an arm's action [7], in the environment's units: x, y, z in a box of +- `maxnorm`, and the
/// gripper, all of them within the model's limits too. Rotations stay 0, or at the limit that is nearest to it. Pins,
/// closing gripper and dead band as configured; the gripper closes as far as the limits allow, and a dead band leaves
/// pins alone. The first deviations are `maxnorm` and 1.
/// @param limits  low and high of the model's actions. @throws ConfigError for a pin outside of them.
ActionSpace arm_space(const ArmCemConfig& config, const ActionSpec& limits = {.size = kArmAction});

/// How V-JEPA 2-AC searches it: cem() with a momentum per number, and no candidate that is the mean itself.
CemOptions arm_options(const ArmCemConfig& config);

}  // namespace foresee::planner
