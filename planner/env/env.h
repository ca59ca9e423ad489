#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "jepa/core/action/action_spec.h"
#include "jepa/core/random.h"
#include "jepa/core/tensor.h"

namespace foresee::planner {

/// An environment with a goal. One object is one environment; many are stepped from many threads, one thread each.
class Env {
 public:
  virtual ~Env() = default;

  /// A copy in the same state: what the oracle plans in.
  virtual std::unique_ptr<Env> clone() const = 0;
  /// Becomes a copy of another environment of the same kind and config, as clone() does. By default by set_goal and
  /// set_state.
  virtual void restore(const Env& other);

  /// Draws start and goal (and nothing else) from `random`.
  virtual void reset(RandomSequence& random) = 0;
  /// @param action  environment units, action_spec().size numbers. @returns true when the goal is reached after this
  /// step.
  virtual bool step(std::span<const double> action) = 0;

  virtual std::vector<double> state() const = 0;
  virtual void set_state(std::span<const double> state) = 0;
  virtual std::vector<double> goal() const = 0;
  virtual void set_goal(std::span<const double> goal) = 0;
  /// True when the present state already satisfies the goal test.
  virtual bool solved() const = 0;
  /// Shortest way to the goal, around walls; 0 at the goal. Units of the environment.
  virtual double distance_to_goal() const = 0;
  /// What a demonstrator goes down: distance_to_goal(), unless that has places where a short search stays stuck.
  virtual double guidance() const { return distance_to_goal(); }

  /// The picture of the present state. @returns uint8 [3, size, size], RGB.
  virtual Tensor render(int64_t size) const = 0;
  /// The picture of the goal: the agent stands there.
  virtual Tensor render_goal(int64_t size) const = 0;

  /// size, low and high of one action; block 1.
  virtual ActionSpec action_spec() const = 0;
  /// The action that does nothing: zeros, unless actions are places.
  virtual std::vector<double> rest() const;
  /// Whether it may be stepped after it has reached its goal.
  virtual bool goes_on() const { return true; }

  /// What a recorded row holds beside picture and action, under stable-worldmodel's column names. By default state and
  /// goal_state.
  virtual std::vector<std::pair<std::string, std::vector<double>>> columns() const;
};

/// An action for the present state, in environment units. One object acts in one episode.
class Policy {
 public:
  virtual ~Policy() = default;
  virtual std::vector<double> act(const Env& env, RandomSequence& random) = 0;
};

/// The names of all environments (planner/env/environments.h).
const std::vector<std::string>& env_names();
/// By name, with every factor of variation at its default (others: planner/env/env_config.h). @throws Error naming
/// the known ones, or where the environment's simulator is not built in.
std::unique_ptr<Env> make_env(const std::string& name);

/// A policy by the names of an environment and of its own: see planner/env/environments.h.
/// @param noise  standard deviation added to the expert's action.
std::unique_ptr<Policy> make_policy(const std::string& env, const std::string& name, double noise = 0.0);

}  // namespace foresee::planner
