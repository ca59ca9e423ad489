#pragma once

#include <string>

#include "jepa/model/world_model.h"

namespace foresee::planner {

/// Says in words which input makes the costs of plans infinite or no numbers: each is put in turn in the place of a
/// plain one (grey pictures, states and actions of 0). For messages: it asks the model several times.
std::string why_not_finite(const WorldModel& model, const Observation& observation, const Goal& goal,
                           Objective objective);

}  // namespace foresee::planner
