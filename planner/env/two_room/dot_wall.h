#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "jepa/core/config.h"
#include "planner/env/env.h"

namespace foresee::planner {

/// A dot on a grid of 65 x 65 that a vertical wall with one door divides. Defaults: eb_jepa's two rooms.
struct DotWallConfig {
  int64_t wall_width = 3;                        // columns: wall x - width / 2 .. wall x + width / 2
  int64_t door_space = 4;                        // rows of the opening to either side of its centre
  double dot_std = 1.3;                          // deviation of the drawn dot, pixels
  double action_scale = 1;                       // pixels per unit of action
  double action_bound = 2.45;                    // of each number of an action, for random policies and searches
  bool fix_wall = false;                         // else wall and door are drawn by reset
  int64_t wall_x = 32, door_y = 18;              // where they stand when fixed, and before the first reset
  int64_t wall_padding = 20, door_padding = 10;  // drawn ones keep so far from the border
  bool rgb = false;  // a red dot on white and black walls; else red is the dot's channel, green the wall's

  /// @throws ConfigError when wall or door do not fit into the grid.
  void validate() const;
};
void describe(Fields& fields, DotWallConfig& config);
/// DINO-WM's wall: thicker, fixed, moves of two pixels per unit of action, drawn in colour.
DotWallConfig dino_wm_wall();

// Note [Bounces]
// A move that hits a wall or a door's edge ends where it hit, plus noise: half a standard normal pair, its part across
// the wall turned back towards where the dot came from. A door's edge is met only within the wall's columns. Where both
// a vertical and a horizontal wall are hit, the nearer hit counts, and both draw. Then the dot is brought into the room
// and, on its border, 0.3 pixels off it. Source: eb_jepa's DotWall (after DINO-WM), every number float32.

/// eb_jepa's two rooms (environment "eb_two_room") and DINO-WM's wall ("wall"), step for step.
///
/// action (dx, dy); state (x, y, wall x, door y), set_state also takes (x, y); goal (x, y); solved within 4.5 pixels.
class DotWall final : public Env {
 public:
  static constexpr int64_t kSize = 65;
  static constexpr float kSuccess = 4.5f;
  using Point = std::array<float, 2>;

  explicit DotWall(DotWallConfig config = {});

  std::unique_ptr<Env> clone() const override { return std::make_unique<DotWall>(*this); }
  void restore(const Env& other) override;
  /// Wall and door unless fixed; start and goal in different rooms, either way round; the noise of later bounces.
  void reset(RandomSequence& random) override;
  bool step(std::span<const double> action) override;
  std::vector<double> state() const override;
  void set_state(std::span<const double> state) override;
  std::vector<double> goal() const override { return {goal_[0], goal_[1]}; }
  void set_goal(std::span<const double> goal) override;
  bool solved() const override;
  /// Length of the shortest way through the door.
  double distance_to_goal() const override;
  Tensor render(int64_t size) const override { return picture(dot_, size); }
  Tensor render_goal(int64_t size) const override { return picture(goal_, size); }
  ActionSpec action_spec() const override;
  std::vector<std::pair<std::string, std::vector<double>>> columns() const override;

  const DotWallConfig& config() const { return config_; }
  Point dot() const { return dot_; }
  float wall_x() const { return wall_x_; }
  float door_y() const { return door_y_; }
  /// Where a move leads. @param draw  gives a standard normal pair each time it is called.
  Point moved(const Point& from, const Point& action, const std::function<Point()>& draw) const;
  /// The dot's and the wall's channel. @returns uint8 [2, 65, 65].
  Tensor channels() const { return channels(dot_); }

 private:
  Tensor channels(const Point& dot) const;
  Tensor picture(const Point& dot, int64_t size) const;
  float half_width() const { return static_cast<float>(config_.wall_width / 2); }

  DotWallConfig config_;
  float wall_x_, door_y_;
  Point dot_{}, goal_{};
  RandomSequence noise_;
};

/// eb_jepa's normalisation of the two channels: each to 0 .. 1 over its picture, then by the data's mean and deviation.
/// @param channels  uint8 [N, 2, H, W]. @returns float [N, 2, H, W].
Tensor normalise_dot_wall(const Tensor& channels);

/// Through the door's centre while the goal is in the other room, then to the goal; the longest step an action allows,
/// plus noise.
class DotWallExpert final : public Policy {
 public:
  explicit DotWallExpert(double noise = 0.0) : noise_(noise) {}
  std::vector<double> act(const Env& env, RandomSequence& random) override;

 private:
  double noise_;
};

struct Environment;  // planner/env/environments.h
/// Their rows of the table of environments.
Environment eb_two_room_environment();
Environment wall_environment();

}  // namespace foresee::planner
