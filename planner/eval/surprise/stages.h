#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "jepa/core/random.h"
#include "jepa/core/tensor.h"
#include "planner/env/env_config.h"
#include "planner/eval/surprise/violations.h"

namespace foresee::planner {

using State = std::vector<double>;  // of an environment, its units

/// A wall that an agent can be pushed through.
struct StageWall {
  /// Beside the wall, away from doors. @param side  -1: left of it, 1: right.
  std::function<State(RandomSequence& random, double side)> start;
  /// The state one step later, were there no wall, inside the picture. @param action  within [-1, 1]^2.
  std::function<State(const State& state, const State& action)> passed;
};

/// What violations need to know of an environment: which object they happen to, and how.
struct Stage {
  std::string env;
  std::vector<Violation> kinds;
  std::string policy;  // who acts
  /// The state with the object moved by (dx, dy) px; nothing where it cannot be there.
  std::function<std::optional<State>(const State& state, double dx, double dy)> moved;
  std::function<State(State state)> away{};                // the object lies outside of the picture
  std::function<void(EnvConfig& variation)> recolour{};    // gives the object another colour
  std::function<Tensor(const Tensor& picture)> repaint{};  // the same on a picture, where no factor does it
  std::optional<StageWall> wall{};
};

/// The table of stages; null for an environment without one.
const Stage* stage_of(const std::string& env);

}  // namespace foresee::planner
