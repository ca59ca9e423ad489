#include "foresee/control/world_model_info.h"

namespace foresee {
namespace {

std::string meaning_of(StateSpec::Kind kind) {
  if (kind == StateSpec::Kind::kArmPose) return "x, y, z in m, three Euler angles in rad, gripper 0 to 1";
  return kind == StateSpec::Kind::kNone ? "" : "the robot's own state, as in the training data";
}

}  // namespace

Controller::ActionInfo action_info(const WorldModel& model) {
  const ActionSpec& spec = model.action_spec();
  return {spec.size, spec.block, spec.low, spec.high};
}

Controller::StateInfo state_info(const WorldModel& model) {
  const StateSpec spec = model.state_spec();
  return {.size = spec.size, .of_goal = spec.of_goal, .meaning = meaning_of(spec.kind), .extrinsics = spec.extrinsics};
}

Controller::PictureInfo picture_info(const WorldModel& model) {
  const PictureSpec& spec = model.picture_spec();
  return {.size = spec.size,
          .cameras = std::max<int64_t>(1, static_cast<int64_t>(spec.cameras.size())),
          .rule = rule_name(spec)};
}

}  // namespace foresee
