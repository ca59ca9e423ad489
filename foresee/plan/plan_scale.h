#pragma once

#include <filesystem>
#include <vector>

#include "foresee/plan.h"
#include "foresee/train/recorded_sequences.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// The end points of a plan as the model encodes them. @pre one problem.
struct PlanEnds {
  Tensor present, goal;  // float [F]
};

/// Holds a plan against what a model makes of recorded sequences. @param cost  of the plan.
PlanScale plan_scale(const RecordedSequences& found, double cost, const PlanEnds& ends);

/// The same of episodes: recorded sequences of `horizon` blocks, at most 64, evenly spread.
/// @param cost  of the plan. @throws DataError for episodes that do not fit the model, or too short ones.
PlanScale plan_scale(const WorldModel& model, const std::vector<std::filesystem::path>& data, int64_t horizon,
                     Objective objective, double cost, const PlanEnds& ends);

}  // namespace foresee
