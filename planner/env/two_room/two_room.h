#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jepa/core/config.h"
#include "planner/env/env.h"

namespace foresee::planner {

/// A vertical wall stands at x = 112, a horizontal one at y = 112.
enum class WallAxis { kVertical, kHorizontal };
/// Where reset draws the goal: in the room opposite to the start, or in any place.
enum class GoalRule { kOpposite, kAny };

/// Every factor of variation of stable-worldmodel's swm/TwoRoom-v1. Pixels of a 224 x 224 picture, x right, y down.
struct TwoRoomConfig {
  WallAxis wall_axis = WallAxis::kVertical;
  int64_t wall_thickness = 10;                     // the stripe reaches thickness / 2 to each side
  int64_t doors = 1;                               // the first 1..3 entries of the lists below
  std::vector<int64_t> door_position{49, 49, 49};  // centre along the wall
  std::vector<int64_t> door_size{14, 14, 14};      // half the opening
  double agent_radius = 7, target_radius = 7;      // of the body; also the deviation of the drawn dot
  double agent_speed = 5;                          // pixels per step and unit of action
  std::vector<int64_t> background_color{255, 255, 255}, wall_color{0, 0, 0}, door_color{255, 255, 255};
  std::vector<int64_t> agent_color{255, 0, 0}, target_color{0, 255, 0};
  bool render_target = false;
  GoalRule goal_rule = GoalRule::kOpposite;
  int64_t min_steps = 25;  // goal_rule opposite: steps of the shortest way through a door

  /// @throws ConfigError when no door is there, a list is short, or a colour is not three bytes.
  void validate() const;
};
void describe(Fields& fields, TwoRoomConfig& config);

class TwoRoomPainter;

/// A dot in two rooms that a wall with doors divides: stable-worldmodel's swm/TwoRoom-v1, number for number
/// (positions are float32 and rounded after every operation, as there).
///
/// action (dx, dy) in [-1, 1]^2, cut to it; state and goal (x, y); solved within 16 pixels of the goal.
class TwoRoom final : public Env {
 public:
  using Point = std::array<float, 2>;
  static constexpr int64_t kSize = 224;
  static constexpr float kBorder = 14, kWallCenter = 112, kSuccess = 16;

  explicit TwoRoom(TwoRoomConfig config = {});
  ~TwoRoom() override;

  std::unique_ptr<Env> clone() const override;
  /// LeWM-era rule: start uniform and clear of the wall; goal uniform, in the other room, at least min_steps away.
  void reset(RandomSequence& random) override;
  bool step(std::span<const double> action) override;
  std::vector<double> state() const override;
  void set_state(std::span<const double> state) override;
  std::vector<double> goal() const override;
  void set_goal(std::span<const double> goal) override;
  bool solved() const override { return target_distance() < kSuccess; }
  /// Length of the shortest way of the agent's centre through any door. An agent inside the wall counts from where the
  /// next step puts it. Without a usable door: the straight line plus the size of the rooms.
  double distance_to_goal() const override;
  Tensor render(int64_t size) const override;
  Tensor render_goal(int64_t size) const override;
  ActionSpec action_spec() const override;
  /// observation [10], pos_agent, pos_target, proprio, state, goal_state [2], distance_to_target.
  std::vector<std::pair<std::string, std::vector<double>>> columns() const override;

  const TwoRoomConfig& config() const { return config_; }
  Point agent() const { return agent_; }
  Point target() const { return target_; }
  /// Straight line to the goal, which the success test looks at.
  float target_distance() const;
  /// Draws the present state, without allocating: [3, size, size] bytes.
  void render_into(int64_t size, uint8_t* out) const;

 private:
  /// Index of the coordinate across the wall; the other one runs along it.
  size_t across() const { return vertical_ ? 0 : 1; }
  bool in_door(double along) const;
  double shortest_path(Point from, Point to) const;
  const TwoRoomPainter& painter() const;

  TwoRoomConfig config_;
  bool vertical_;
  double wall_low_, wall_high_;               // where the agent's centre is stopped on either side
  std::vector<std::array<double, 2>> bands_;  // where along the wall the agent's centre may pass, doors in order
  Point agent_{}, target_{};
  mutable std::shared_ptr<const TwoRoomPainter> painter_;  // made at the first picture, shared with clones
};

/// The scripted expert: towards the nearest door that fits while the goal is in the other room, then to the goal; a
/// unit vector plus noise, cut to [-1, 1]. Source: stable-worldmodel envs/two_room/expert_policy.py.
class TwoRoomExpert final : public Policy {
 public:
  /// @param noise  standard deviation of each component; 2.0 in the published data.
  explicit TwoRoomExpert(double noise = 0.0) : noise_(noise) {}
  std::vector<double> act(const Env& env, RandomSequence& random) override;

 private:
  double noise_;
};

struct Environment;  // planner/env/environments.h
/// Its row of the table of environments.
Environment two_room_environment();

}  // namespace foresee::planner
