#include "planner/eval/surprise/stages.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "planner/env/push_t/push_t.h"
#include "planner/env/reacher/reacher.h"
#include "planner/env/two_room/dot_wall.h"
#include "planner/env/two_room/two_room.h"

namespace foresee::planner {
namespace {

constexpr double kAway_px = -10000;  // a place that no picture shows
constexpr double kPicture_px = 224;  // of environments that say no size of a picture

template <class Config, class World>
Config& config_of(EnvConfig& variation, const char* env) {
  return dynamic_cast<FactorsOf<Config, World>&>(variation.factors(env)).config;
}

/// An object whose centre stands in the state.
struct PlacedObject {
  size_t at = 0;                                 // index of its x in a state; y follows
  double low = 0, high = 0;                      // where its centre may be put
  std::function<bool(const State& state)> free;  // whether nothing is in the way there
  double unit = 1;                               // of the state, a px

  std::optional<State> moved(const State& from, double dx, double dy) const {
    const auto inside = [&](double x) { return low <= x && x <= high; };
    State to = from;
    to[at] += unit * dx;
    to[at + 1] += unit * dy;
    return inside(to[at]) && inside(to[at + 1]) && free(to) ? std::optional(to) : std::nullopt;
  }
  State away(State state) const {
    state[at] = state[at + 1] = kAway_px;
    return state;
  }
};

Stage with_object(Stage stage, const PlacedObject& object) {
  stage.moved = [object](const State& from, double dx, double dy) { return object.moved(from, dx, dy); };
  stage.away = [object](State state) { return object.away(std::move(state)); };
  return stage;
}

Stage two_room_stage() {
  constexpr double kClearOfWall_px = 24;
  constexpr double kLow = TwoRoom::kBorder + 10, kHigh = TwoRoom::kSize - TwoRoom::kBorder - 10;
  const auto passed = [=](const State& state, const State& action) {
    const double speed = TwoRoomConfig().agent_speed;
    return State{std::clamp(state[0] + speed * action[0], kLow, kHigh),
                 std::clamp(state[1] + speed * action[1], kLow, kHigh)};
  };
  const auto start = [](RandomSequence& random, double side) {
    const double x = TwoRoom::kWallCenter + side * random.uniform(16, 40);
    return State{x, random.uniform(100, 190)};
  };
  return with_object({.env = "two_room",
                      .kinds = {Violation::kTeleport, Violation::kColour, Violation::kStop, Violation::kVanish,
                                Violation::kThroughWall},
                      .policy = "expert",
                      .recolour =
                          [](EnvConfig& v) {
                            config_of<TwoRoomConfig, TwoRoom>(v, "two_room").agent_color = {0, 0, 255};
                          },
                      .wall = StageWall{start, passed}},
                     {.at = 0, .low = kLow, .high = kHigh, .free = [](const State& s) {
                        return std::abs(s[0] - TwoRoom::kWallCenter) > kClearOfWall_px;
                      }});
}

Stage push_t_stage() {
  constexpr double kClearOfAgent_px = 120;
  return with_object({.env = "push_t",
                      .kinds = {Violation::kTeleport, Violation::kColour, Violation::kStop, Violation::kVanish},
                      .policy = "weak",
                      .recolour =
                          [](EnvConfig& v) {
                            config_of<PushTConfig, PushT>(v, "push_t").block_color = {200, 60, 60};
                          }},
                     {.at = 2, .low = 80, .high = 432, .free = [](const State& s) {
                        return std::hypot(s[2] - s[0], s[3] - s[1]) > kClearOfAgent_px;
                      }});
}

/// eb_two_room and wall: the state is (x, y, column of the wall, row of the door).
Stage dot_wall_stage(const std::string& env, const DotWallConfig& config) {
  constexpr double kLow = 7, kHigh = DotWall::kSize - 1 - 7;
  const auto half = static_cast<double>(config.wall_width / 2), open = static_cast<double>(config.door_space);
  const auto passed = [=, scale = config.action_scale](const State& state, const State& action) {
    return State{std::clamp(state[0] + scale * action[0], kLow, kHigh),
                 std::clamp(state[1] + scale * action[1], kLow, kHigh), state[2], state[3]};
  };
  const auto start = [=, column = static_cast<double>(config.wall_x), door = static_cast<double>(config.door_y)](
                         RandomSequence& random, double side) {
    const double x = column + side * (half + random.uniform(2, 8));
    return State{x, door + open + random.uniform(8, 16), column, door};
  };
  return with_object({.env = env,
                      .kinds = {Violation::kTeleport, Violation::kColour, Violation::kStop, Violation::kVanish,
                                Violation::kThroughWall},
                      .policy = "expert",
                      // Red and blue change places: the dot is the one thing that has more of one than of the other.
                      .repaint = [](const Tensor& picture) { return picture.flip(0).contiguous(); },
                      .wall = StageWall{start, passed}},
                     {.at = 0,
                      .low = kLow,
                      .high = kHigh,
                      .free = [half](const State& s) { return std::abs(s[0] - s[2]) > half + 2; },
                      .unit = DotWall::kSize / kPicture_px});
}

/// The object is the arm: its tip jumps, by other angles of both joints.
Stage reacher_stage() {
  const auto moved = [](const State& from, double dx, double dy) -> std::optional<State> {
    constexpr double kLink_m = ReacherPhysics::kLink_m, kPixel_m = ReacherPhysics::kSeen_m / kPicture_px;
    const double x = kLink_m * (std::cos(from[0]) + std::cos(from[0] + from[1])) + kPixel_m * dx;
    const double y = kLink_m * (std::sin(from[0]) + std::sin(from[0] + from[1])) + kPixel_m * dy;
    const double reach = std::hypot(x, y) / (2 * kLink_m);
    if (reach > 1) return std::nullopt;
    const double fold = std::copysign(2 * std::acos(reach), from[1]);  // the wrist stays bent to its side
    if (std::abs(fold) > ReacherPhysics::kWristLimit_rad) return std::nullopt;
    return State{std::atan2(y, x) - fold / 2, fold, from[2], from[3]};
  };
  return {.env = "reacher",
          .kinds = {Violation::kTeleport, Violation::kColour, Violation::kStop},
          .policy = "random",
          .moved = moved,
          .recolour = [](EnvConfig& v) {
            config_of<ReacherConfig, Reacher>(v, "reacher").arm_color = {0.2, 0.3, 0.7};
          }};
}

}  // namespace

const Stage* stage_of(const std::string& env) {
  static const std::vector<Stage> stages{two_room_stage(), dot_wall_stage("eb_two_room", {}),
                                         dot_wall_stage("wall", dino_wm_wall()), push_t_stage(), reacher_stage()};
  const auto found = std::find_if(stages.begin(), stages.end(), [&](const Stage& stage) { return stage.env == env; });
  return found == stages.end() ? nullptr : &*found;
}

}  // namespace foresee::planner
