#pragma once

#include "foresee/controller.h"
#include "jepa/model/world_model.h"

namespace foresee {

// What a world model takes and gives, in public words.

Controller::ActionInfo action_info(const WorldModel& model);
Controller::StateInfo state_info(const WorldModel& model);
Controller::PictureInfo picture_info(const WorldModel& model);

}  // namespace foresee
