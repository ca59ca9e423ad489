#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jepa/core/config.h"
#include "planner/env/env.h"
#include "planner/env/push_t/physics.h"
#include "planner/env/push_t/polygon.h"

namespace foresee::planner {

/// Whose Push-T: stable-worldmodel, DINO-WM, gym-pusht.
enum class PushTVariant { kSwm, kDinoWm, kGym };

/// Which Push-T, and its factors of variation. Pixels of a field of 512 x 512, x right, y down.
///
/// | variant | action | solved | reward | picture |
/// |---|---|---|---|---|
/// | swm | (dx, dy) in [-1, 1]^2: target = agent + 100 a | near the goal state | minus distance to it | 224 |
/// | dino_wm | as swm | as swm | covered share of the goal / 0.95 | 224 |
/// | gym | target (x, y) in [0, 512]^2 | covers 95 % of the goal | as dino_wm | 96 |
struct PushTConfig {
  PushTVariant variant = PushTVariant::kSwm;
  bool float32_actions = false;  // target and acceleration in float32, as NumPy 2 does with the actions of a policy
  std::string block_shape = "T";
  double block_scale = 30;  // of the shape; the T is 30 in every published data set
  double agent_scale = 40;  // the agent's radius is 0.375 of it
  std::vector<double> goal_pose{256, 256, 0.78539816339744828};  // of the drawn goal: x, y, angle (radians)
  std::vector<int64_t> background_color{255, 255, 255}, goal_color{144, 238, 144}, block_color{119, 136, 153};
  std::vector<int64_t> agent_color{65, 105, 225};
  bool render_goal = true;  // draw the goal pose, green in the published data

  /// @throws ConfigError when a pose or a colour has not three numbers.
  void validate() const;
};
void describe(Fields& fields, PushTConfig& config);

class PushTPainter;

/// A disc that pushes a T-shaped block (stable-worldmodel's swm/PushT-v1, gym-pusht, DINO-WM): number for number and,
/// but for contact lines, picture for picture. See Note [Push-T physics].
///
/// state and goal (agent x, y, block x, y, angle in [0, 2 pi), agent velocity x, y), 10 steps a second of 10 x 0.01 s.
/// Solved (swm): agent and block within 20 pixels of the goal, as one vector of four, and the angle within pi / 9.
class PushT final : public Env {
 public:
  static constexpr double kSuccess_px = 20, kSuccess_rad = 0.34906585039886590;  // pi / 9
  static constexpr double kCoverage = 0.95;
  static constexpr int kSubsteps = 10;

  explicit PushT(PushTConfig config = {});
  ~PushT() override;

  std::unique_ptr<Env> clone() const override;
  void restore(const Env& other) override;
  /// Agent uniform in [50, 450]^2, block in [100, 400]^2, any angle; the goal likewise (gym: the drawn pose).
  void reset(RandomSequence& random) override;
  bool step(std::span<const double> action) override;
  std::vector<double> state() const override;
  /// As upstream: velocity, position, angle, then one step of 0.01 s, so that state() differs where the agent moves or
  /// bodies overlap. @param state  5 numbers, or 7 with the agent's velocity.
  void set_state(std::span<const double> state) override;
  std::vector<double> goal() const override { return goal_; }
  void set_goal(std::span<const double> goal) override;
  bool solved() const override;
  /// How far from the goal state: pixels of agent and block as one vector, joined by the angle in degrees (a pixel a
  /// degree: the ratio of the two tolerances). gym: of the block alone. No way around the block is looked for.
  double distance_to_goal() const override;
  /// The block's distance, with less of the agent's, and a lead to the block while that is not where it should be.
  double guidance() const override;
  Tensor render(int64_t size) const override;
  Tensor render_goal(int64_t size) const override;
  ActionSpec action_spec() const override;
  /// gym: the agent's own place.
  std::vector<double> rest() const override;
  /// state, goal_state [7], proprio [4], pos_agent, vel_agent [2], block_pose [3], n_contacts, coverage, reward [1].
  std::vector<std::pair<std::string, std::vector<double>>> columns() const override;

  const PushTConfig& config() const { return config_; }
  const PushTPhysics& physics() const { return physics_; }
  /// Share of the drawn goal that the block covers, 0 .. 1.
  double coverage() const;
  double reward() const;
  /// Contact points of the last step, summed over its substeps.
  int contacts() const { return contacts_; }
  /// Pixels of the picture that upstream renders; other sizes are resized from it.
  int64_t resolution() const { return gym() ? 96 : 224; }
  /// One substep of a step toward `target`. @returns contact points.
  int substep(const Vec2& target);
  /// Where an action sends the agent.
  Vec2 target(std::span<const double> action) const;

 private:
  bool gym() const { return config_.variant == PushTVariant::kGym; }
  std::array<double, 2> goal_error() const;  // pixels, radians
  Vec2 goal_position() const;
  double goal_angle() const;
  PushTPainter& painter() const;

  PushTConfig config_;
  PushTShape shape_;
  PushTPhysics physics_;
  std::vector<double> goal_;
  int contacts_ = 0;
  mutable std::unique_ptr<PushTPainter> painter_;
};

/// stable-worldmodel's WeakPolicy: uniform moves whose target stays within 100 pixels of the block on either axis, so
/// that the block is met.
class PushTWeakPolicy final : public Policy {
 public:
  std::vector<double> act(const Env& env, RandomSequence& random) override;
};

struct Environment;  // planner/env/environments.h
/// Its row of the table of environments.
Environment push_t_environment();

}  // namespace foresee::planner
