#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/episode/check/finding.h"
#include "data/episode/source.h"

namespace foresee::data {

/// What a training takes the numbers of a state for. A column alone does not say it.
struct StateReading {
  enum class Kind {
    kUnknown,
    kArmPose,  // x, y, z in m, three Euler angles in rad, gripper 0 to 1
    kAdd,      // a state to which actions are added
  };
  Kind kind = Kind::kUnknown;
  std::string column{};          // of the state
  bool recorded_actions = true;  // of kAdd: the column "action" is what is added
};

/// Whether the numbers of a state can be what they are read as. Certain: metres, radians and a gripper's share that
/// are none, a quaternion in the place of angles, an angle that jumps by a whole turn where actions are added, actions
/// that the state follows in other units. What could be meant is not certain.
void check_units(const EpisodeSource& source, const StateReading& reading, std::vector<Finding>& out);

/// Actions that seem to be z-scored already, and sets whose actions have other scales than the first set's.
void check_scales(std::span<const EpisodeSource* const> sources, std::vector<Finding>& out);

}  // namespace foresee::data
