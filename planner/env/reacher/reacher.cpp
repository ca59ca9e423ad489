#include "planner/env/reacher/reacher.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "jepa/core/error.h"
#include "planner/env/environments.h"

namespace foresee::planner {
namespace {

Pair joints(std::span<const double> values, const char* what) {
  FORESEE_CHECK(values.size() >= 2 && std::isfinite(values[0]) && std::isfinite(values[1]),
                "expected {} of at least 2 finite numbers, got {}", what, values.size());
  return {values[0], values[1]};
}

}  // namespace

void describe(Fields& f, ReacherConfig& c) {
  f("arm_density", c.arm_density, "of the upper link, kg/m^3", {100, 5000});
  f("finger_density", c.finger_density, "kg/m^3", {100, 5000});
  f("arm_color", c.arm_color, "RGB", {0, 1});
  f("target_color", c.target_color, "RGB", {0, 1});
  f("floor_color", c.floor_color, "RGB, of one half of the checkerboard", {0, 1});
  f("floor_color2", c.floor_color2, "RGB, of the other half", {0, 1});
  f("light", c.light, "diffuse intensity of the lamp", {0, 1});
  f("render_target", c.render_target, "draw the target");
}

void ReacherConfig::validate() const {
  for (const auto* color : {&arm_color, &target_color, &floor_color, &floor_color2})
    if (color->size() != 3) fail<ConfigError>("reacher: a colour is three numbers, got {}", color->size());
}

Reacher::Reacher(ReacherConfig config) : config_(config), physics_(config) {}
Reacher::Reacher(const ReacherConfig& config, ReacherPhysics physics, Pair goal)
    : config_(config), physics_(std::move(physics)), goal_(goal) {}

std::unique_ptr<Env> Reacher::clone() const {
  return std::unique_ptr<Env>(new Reacher(config_, physics_.copy(), goal_));
}

void Reacher::restore(const Env& other) {
  const auto* source = dynamic_cast<const Reacher*>(&other);
  FORESEE_CHECK(source != nullptr, "expected a reacher to copy from");
  physics_.restore(source->physics_);
  goal_ = source->goal_;
}

void Reacher::reset(RandomSequence& random) {
  const auto draw = [&] {
    const double shoulder = random.uniform(-std::numbers::pi, std::numbers::pi);
    return Pair{shoulder, random.uniform(-ReacherPhysics::kWristLimit_rad, ReacherPhysics::kWristLimit_rad)};
  };
  set_goal(draw());
  physics_.set(draw(), {0, 0});
}

bool Reacher::step(std::span<const double> action) {
  FORESEE_CHECK(action.size() == 2, "expected an action of 2 numbers, got {}", action.size());
  const Pair torque = joints(action, "an action");
  bool reached = false;
  for (int i = 0; i < kRepeat && !reached; ++i) {
    physics_.step(torque);
    reached = solved();
  }
  return reached;
}

std::vector<double> Reacher::state() const {
  const Pair q = physics_.angles(), v = physics_.velocities();
  return {q[0], q[1], v[0], v[1]};
}

void Reacher::set_state(std::span<const double> state) {
  const Pair angles = joints(state, "a state");
  physics_.set(angles, state.size() >= 4 ? joints(state.subspan(2), "velocities") : Pair{0, 0});
}

void Reacher::set_goal(std::span<const double> goal) {
  goal_ = joints(goal, "a goal");
  ReacherPhysics there = physics_.copy();
  there.set(goal_, {0, 0});
  physics_.set_target(there.finger());
}

bool Reacher::solved() const {
  const Pair q = physics_.angles();
  return std::abs(q[0] - goal_[0]) < kSuccess_rad && std::abs(q[1] - goal_[1]) < kSuccess_rad;
}

double Reacher::distance_to_goal() const {
  const Pair q = physics_.angles();
  return std::hypot(q[0] - goal_[0], q[1] - goal_[1]);
}

Tensor Reacher::render(int64_t size) const {
  FORESEE_CHECK(size > 0, "expected a positive picture size, got {}", size);
  Tensor picture = at::empty({size, size, 3}, at::kByte);
  physics_.render(size, picture.data_ptr<uint8_t>());
  return picture.permute({2, 0, 1}).contiguous();
}

Tensor Reacher::render_goal(int64_t size) const {
  const auto there = clone();
  there->set_state(goal_);
  return there->render(size);
}

ActionSpec Reacher::action_spec() const { return {.size = 2, .block = 1, .low = {-1, -1}, .high = {1, 1}}; }

std::vector<double> Reacher::observation() const {
  const Pair q = physics_.angles(), v = physics_.velocities(), finger = physics_.finger(), target = physics_.target();
  return {q[0], q[1], target[0] - finger[0], target[1] - finger[1], v[0], v[1]};
}

std::vector<std::pair<std::string, std::vector<double>>> Reacher::columns() const {
  const auto s = state();
  const Pair finger = physics_.finger(), target = physics_.target();
  return {{"state", s},
          {"goal_state", goal()},
          {"qpos", {s[0], s[1]}},
          {"qvel", {s[2], s[3]}},
          {"target_pos", {target[0], target[1]}},
          {"finger_pos", {finger[0], finger[1]}},
          {"observation", observation()}};
}

std::vector<double> ReacherExpert::act(const Env& env, RandomSequence& random) {
  const auto state = env.state(), goal = env.goal();
  FORESEE_CHECK(state.size() == 4 && goal.size() == 2, "expected a reacher for its expert");
  // Torque per radian, and per radian a second: the joints brake by themselves, and more would not be stable at 0.04 s.
  constexpr double kPull = 1.0, kBrake = 0.05;
  std::vector<double> action(2);
  for (size_t i = 0; i < 2; ++i) {
    action[i] = kPull * (goal[i] - state[i]) - kBrake * state[2 + i];
    if (noise_ > 0) action[i] += noise_ * random.normal();
    action[i] = std::clamp(action[i], -1.0, 1.0);
  }
  return action;
}

Environment reacher_environment() {
  Environment row{.name = "reacher",
                  .summary = "an arm of two links",
                  .factors = std::make_shared<FactorsOf<ReacherConfig, Reacher>>()};
  row.collection = {.policy = "random", .max_steps = 200};  // as published
  row.policies["expert"] = [](double noise) { return std::make_unique<ReacherExpert>(noise); };
  row.columns = {.state = {{"qpos"}, {"qvel"}}, .goal = {{"qpos"}}};
  return row;
}

}  // namespace foresee::planner
