#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "planner/env/env.h"
#include "planner/eval/starts.h"

namespace foresee::planner {

/// Environments that run side by side; they begin together, and an environment that has reached its goal stops.
using Envs = std::vector<std::unique_ptr<Env>>;

/// What a method does in one environment at one step.
struct Decision {
  std::vector<double> action;         // environment units
  std::optional<double> planning_ms;  // wall-clock of the plan that was made for it, where one was made
};

/// Acts in a group of environments, step by step. Made anew for every group.
class Method {
 public:
  virtual ~Method() = default;
  /// @param active  environments that still run, ascending. @returns one decision for each of them.
  virtual std::vector<Decision> act(std::span<const int64_t> active) = 0;
};

/// Makes a method for a group. @param first  index of the group's first start: names its random draws.
using MethodFactory = std::function<std::unique_ptr<Method>(const Envs& envs, int64_t first)>;

/// A played episode: how one start went.
struct Trial {
  int64_t start = 0;  // index in the list of starts
  bool success = false;
  int64_t steps = 0;              // environment steps taken
  double final_distance = 0;      // distance_to_goal() at the end
  std::vector<double> distances;  // the same before the first step and after each
  std::vector<double> planning_ms;
  std::vector<std::vector<double>> path;  // states, steps + 1 of them
  std::optional<bool> held{};  // of a success: the goal is still reached after kHoldSteps of Env::rest(), which are not
                               // part of the trial; nothing where the environment ends with the success
};
constexpr int64_t kHoldSteps = 5;

struct RunOptions {
  int64_t budget = 50;           // environment steps an episode
  int64_t group = 1;             // environments side by side
  bool parallel_groups = false;  // several groups at once, one thread each: for work too small to share out within
  std::stop_token stop{};        // asked before every step
  /// Trials of a group that were played before, by its first start; may be empty.
  std::function<std::optional<std::vector<Trial>>(int64_t first)> known{};
  /// After a group was played, one call at a time; may be empty.
  std::function<void(int64_t first, const std::vector<Trial>& trials)> played{};
  // After every group (step 0) and, where plans are made, after every environment step of a group: episodes done,
  // successes among them, steps taken. One call at a time; may be empty.
  std::function<void(int64_t done, int64_t successes, int64_t step)> progress;
};

/// Runs every start to success or to the end of the budget. Success is tested after a step, never before the first.
/// Ends early, with the finished groups, when it is asked to stop.
/// @param env  copied for every start that has no scene of its own. @param method  called from several threads with
/// parallel_groups.
/// @returns trials in the order of their starts.
std::vector<Trial> run_trials(const Env& env, std::span<const Start> starts, const MethodFactory& method,
                              const RunOptions& options);

}  // namespace foresee::planner
