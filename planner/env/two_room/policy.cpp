#include <algorithm>
#include <cmath>
#include <limits>

#include "jepa/core/error.h"
#include "planner/env/two_room/two_room.h"

namespace foresee::planner {
namespace {

constexpr float kDoorReached = 10.5f;  // pixels from a door's centre at which the expert turns to the goal
constexpr double kFit = 1.1;           // half an opening that the expert uses, in radii

float norm(const TwoRoom::Point& p) { return std::sqrt(p[0] * p[0] + p[1] * p[1]); }
TwoRoom::Point minus(const TwoRoom::Point& p, const TwoRoom::Point& q) { return {p[0] - q[0], p[1] - q[1]}; }

TwoRoom::Point waypoint(const TwoRoom& room) {
  const TwoRoomConfig& config = room.config();
  const size_t across = config.wall_axis == WallAxis::kVertical ? 0 : 1;
  const auto agent = room.agent(), target = room.target();
  if ((agent[across] > TwoRoom::kWallCenter) == (target[across] > TwoRoom::kWallCenter)) return target;

  TwoRoom::Point best{};
  float nearest = std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < static_cast<size_t>(config.doors); ++i) {
    if (static_cast<double>(config.door_size[i]) < kFit * config.agent_radius) continue;
    TwoRoom::Point center;
    center[across] = TwoRoom::kWallCenter;
    center[1 - across] = static_cast<float>(config.door_position[i]);
    const float distance = norm(minus(center, agent));
    if (distance < nearest) {
      nearest = distance;
      best = center;
    }
  }
  if (std::isinf(nearest)) {  // no door fits: the point of the wall beside the goal
    best[across] = TwoRoom::kWallCenter;
    best[1 - across] = target[1 - across];
    return best;
  }
  return nearest > kDoorReached ? best : target;
}

}  // namespace

std::vector<double> TwoRoomExpert::act(const Env& env, RandomSequence& random) {
  const auto* room = dynamic_cast<const TwoRoom*>(&env);
  FORESEE_CHECK(room != nullptr, "expected a two_room environment for its expert");
  const TwoRoom::Point direction = minus(waypoint(*room), room->agent());
  const float distance = norm(direction);
  std::vector<double> action(2, 0.0);
  for (size_t i = 0; i < 2; ++i) {
    float component = distance > 1e-8f ? direction[i] / distance : 0.0f;
    if (noise_ > 0) component += static_cast<float>(noise_ * random.normal());
    action[i] = std::clamp(component, -1.0f, 1.0f);
  }
  return action;
}

}  // namespace foresee::planner
