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

/// Worlds that run side by side; they begin together, and a world that has reached its goal stops.
using Worlds = std::vector<std::unique_ptr<Env>>;

/// What a controller does in one world at one step.
struct Decision {
  std::vector<double> action;         // environment units
  std::optional<double> planning_ms;  // wall-clock of the plan that was made for it, where one was made
};

/// Acts in a group of worlds, step by step. Made anew for every group.
class Controller {
 public:
  virtual ~Controller() = default;
  /// @param active  worlds that still run, ascending. @returns one decision for each of them.
  virtual std::vector<Decision> act(std::span<const int64_t> active) = 0;
};

/// Makes a controller for a group. @param first  index of the group's first start: names its random draws.
using ControllerFactory = std::function<std::unique_ptr<Controller>(const Worlds& worlds, int64_t first)>;

/// How one start went.
struct Episode {
  int64_t start = 0;  // index in the list of starts
  bool success = false;
  int64_t steps = 0;          // environment steps taken
  double final_distance = 0;  // distance_to_goal() at the end
  std::vector<double> planning_ms;
  std::vector<std::vector<double>> path;  // states, steps + 1 of them
};

struct RunOptions {
  int64_t budget = 50;           // environment steps an episode
  int64_t group = 1;             // worlds side by side
  bool parallel_groups = false;  // several groups at once, one thread each: for work too small to share out within
  std::stop_token stop{};        // asked before every step
  std::function<void(int64_t done, int64_t successes)> progress;  // after every group, one call at a time; may be empty
};

/// Runs every start to success or to the end of the budget. Success is tested after a step, never before the first.
/// Ends early, with the finished groups, when it is asked to stop.
/// @param world  copied for every start. @param controller  called from several threads with parallel_groups.
/// @returns episodes in the order of their starts.
std::vector<Episode> run_episodes(const Env& world, std::span<const Start> starts, const ControllerFactory& controller,
                                  const RunOptions& options);

}  // namespace foresee::planner
