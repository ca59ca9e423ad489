#pragma once

#include <vector>

#include "planner/env/env.h"
#include "planner/env/reacher/physics.h"

namespace foresee::planner {

/// dm_control's reacher as stable-worldmodel runs it (swm/ReacherDMControl-v0, task qpos_match): every action holds for
/// two physics steps, 0.04 s.
///
/// action: torque of shoulder and wrist in [-1, 1]^2; state (q0, q1, v0, v1) in radians; goal (q0, q1). Solved when
/// both angles are within 0.05 rad of the goal, without wrapping, after either physics step.
class Reacher final : public Env {
 public:
  static constexpr int kRepeat = 2;
  static constexpr double kSuccess_rad = 0.05;

  explicit Reacher(ReacherConfig config = {});

  std::unique_ptr<Env> clone() const override;
  void restore(const Env& other) override;
  /// Shoulder anywhere, wrist within its limit; goal angles likewise; the target lies under the finger at the goal.
  void reset(RandomSequence& random) override;
  bool step(std::span<const double> action) override;
  std::vector<double> state() const override;
  /// @param state  (q0, q1, v0, v1), or the angles alone for an arm at rest.
  void set_state(std::span<const double> state) override;
  std::vector<double> goal() const override { return {goal_[0], goal_[1]}; }
  void set_goal(std::span<const double> goal) override;
  bool solved() const override;
  /// Euclidean distance of the angles, radians.
  double distance_to_goal() const override;
  Tensor render(int64_t size) const override;
  Tensor render_goal(int64_t size) const override;
  ActionSpec action_spec() const override;
  /// state [4], goal_state [2], qpos, qvel, target_pos, finger_pos [2], observation [6].
  std::vector<std::pair<std::string, std::vector<double>>> columns() const override;

  /// qpos, from the finger to the target (x, y), qvel: dm_control's observation.
  std::vector<double> observation() const;
  ReacherPhysics& physics() { return physics_; }

 private:
  Reacher(const ReacherConfig& config, ReacherPhysics physics, Pair goal);

  ReacherConfig config_;
  ReacherPhysics physics_;
  Pair goal_{};
};

/// Turns both joints to the goal's angles: torque in proportion to what is missing, less the speed.
class ReacherExpert final : public Policy {
 public:
  /// @param noise  standard deviation of each number.
  explicit ReacherExpert(double noise = 0.0) : noise_(noise) {}
  std::vector<double> act(const Env& env, RandomSequence& random) override;

 private:
  double noise_;
};

struct Environment;  // planner/env/environments.h
/// Its row of the table of environments.
Environment reacher_environment();

}  // namespace foresee::planner
