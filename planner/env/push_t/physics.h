#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace foresee::planner {

using Vec2 = std::array<double, 2>;
using Polygon = std::vector<Vec2>;

/// What is pushed: convex parts in the body's own coordinates, and how its moment of inertia is put together.
struct PushTShape {
  std::vector<Polygon> parts;
  std::vector<size_t> moment_of;  // the moment is the sum of these parts' moments about the origin, unit mass each
  double symmetry_rad = 0;        // turned by this it looks the same; 0: by a full turn only
};

/// By name: T, L, Z, square, I, small_tee, +, with stable-worldmodel's measures at this scale (pixels).
/// @throws ConfigError naming the known ones.
PushTShape push_t_shape(const std::string& name, double scale);
const std::vector<std::string>& push_t_shape_names();

// Note [Push-T physics]
// A kinematic disc (it passes through walls and is never stopped) pushes a body of mass 1 among four walls, without
// friction or bounce; damping 0 takes every velocity after each step of 0.01 s, so that the body moves only while it is
// pushed. The moment (3000 for the T) and the centre of gravity, the plain mean of the parts' centres, are not the
// shape's true ones, but every published Push-T has them. Source: stable-worldmodel envs/pusht/env.py, gym-pusht,
// dino_wm, all on Chipmunk.

/// The bodies of Push-T on Chipmunk, in pixels and seconds, y down.
class PushTPhysics {
 public:
  static constexpr double kSize = 512, kStep_s = 0.01;

  /// @throws Error where the program was built without Chipmunk.
  PushTPhysics(const PushTShape& shape, double agent_radius);
  ~PushTPhysics();
  PushTPhysics(PushTPhysics&&) noexcept;

  /// Everything that moves. Positions of the block are of its centre of gravity.
  struct Motion {
    Vec2 agent{}, agent_velocity{};
    Vec2 block{}, block_velocity{}, block_push{};  // push: velocity of the next step that takes overlap away
    double angle = 0, angular_velocity = 0, angular_push = 0;
  };
  Motion motion() const;
  /// Puts everything in its place among bodies that have seen no contact yet. The impulses that Chipmunk keeps from one
  /// step to the next to find the next ones sooner are not part of a motion.
  void restore(const Motion& motion);

  /// Bodies as after setting agent, its velocity and the block's pose, and one step of 0.01 s.
  /// @param position_first  gym-pusht's order: the turn about the centre of gravity then moves the block's origin.
  void place(Vec2 agent, Vec2 velocity, Vec2 block, double angle, bool position_first);

  /// One step of 0.01 s. @returns contact points that were solved.
  int step();
  void set_agent_velocity(Vec2 velocity);

  Vec2 agent() const;
  Vec2 agent_velocity() const;
  Vec2 block() const;         // the body's origin, not its centre of gravity
  Vec2 block_center() const;  // of gravity
  double angle() const;
  Vec2 block_velocity() const;
  double angular_velocity() const;
  double moment() const;
  Vec2 center_of_gravity() const;  // in the body's own coordinates

  /// The block's parts where they are now.
  std::vector<Polygon> parts() const;
  /// The block's corners in its own coordinates, in the order Chipmunk keeps them.
  std::vector<Polygon> local_parts() const;
  /// Where the last step found contact: from 2 pixels inside one body to 2 pixels inside the other.
  std::vector<std::array<Vec2, 2>> contacts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// True when Chipmunk is built in.
bool push_t_available();

}  // namespace foresee::planner
