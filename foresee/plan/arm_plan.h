#pragma once

#include <string>
#include <vector>

#include "jepa/core/api/job.h"
#include "jepa/model/vjepa2_ac/world_model.h"
#include "planner/planner.h"

namespace foresee::tools {

/// The search of 'foresee plan' with an arm's model: upstream's planner.
struct ArmPlanConfig {
  planner::SearchConfig search = planner::arm_search();
  planner::ArmCemConfig arm;
};
void describe(Fields& fields, ArmPlanConfig& config);

/// "x,y,z,a,b,c,g" -> numbers. @throws Error unless there are `size` of them.
std::vector<double> parse_state(const std::string& text, int64_t size);

/// What the arm has seen: frames and its pose at each, oldest first; the actions between are the changes of the pose.
/// @param frames  uint8 [T, 3, H, W]. @param states  T lists of 7 numbers.
Observation arm_observation(const Tensor& frames, const std::vector<std::vector<double>>& states);

/// A plan and where it leads.
struct ArmPlan {
  planner::Plan plan;  // blocks [1, H, 7], the environment's units
  Tensor states;       // double [H + 1, 7]: the poses along the plan, the present one first
};
/// Searches. @param goal  uint8 [3, H, W]. @throws Error when stopped.
ArmPlan plan_arm(const Vjepa2AcWorldModel& world, const Observation& observation, const Tensor& goal,
                 const ArmPlanConfig& config, uint64_t seed, const JobControl& control = {});

}  // namespace foresee::tools
