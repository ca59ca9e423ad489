#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "jepa/core/action/action_spec.h"
#include "planner/planner.h"

namespace foresee::planner {

/// How a plan becomes behaviour.
struct MpcConfig {
  PlannerConfig planner;
  int64_t receding = 5;
  bool warm_start = true;

  /// @throws ConfigError when more blocks are to be executed than planned.
  void validate() const;
};
void describe(Fields& fields, MpcConfig& config);

/// What one problem does next.
struct ControlAction {
  std::vector<double> action;  // environment units; of a ControlCore finite and within the bounds of ActionSpec
  bool planned = false;        // a plan was made for it in this call
  double planning_ms = 0;      // wall-clock of that; of several problems, its share
};

/// Receding-horizon control of several problems, as stable_worldmodel's WorldModelPolicy: each problem has a queue of
/// environment actions; when it is empty, a plan is searched and its first `receding` blocks are queued. The blocks
/// that are left over begin the next search's mean (with receding = horizon there are none).
class Mpc {
 public:
  /// @param first  own name of problem 0; problem i draws the noise of first + i (Stream::kPlan).
  /// @param arm  given: plans are searched in arm_space(), whose candidates and plans are in the environment's units;
  /// searches begin at nothing then. @throws ConfigError for an arm whose actions are not an arm's, or another solver;
  /// for categories of actions that are normalised.
  Mpc(const MpcConfig& config, const ActionSpec& actions, uint64_t seed, int64_t count, int64_t first = 0,
      const std::optional<ArmCemConfig>& arm = {});

  /// True when the problem has no action left.
  bool due(int64_t problem) const { return get(problem).queue.empty(); }

  /// Searches plans for several problems side by side and fills their queues.
  /// @param problems  which ones, 0 .. count-1. @param cost  its `rows` are positions in `problems`.
  /// @param device  where the search runs; the cost's, best. @param initial  float [problems, horizon, D], normalised:
  /// where the searches begin; undefined: at the blocks that were left over.
  /// @returns blocks [problems, horizon, D], normalised; of an arm in the environment's units.
  Plan plan(std::span<const int64_t> problems, const CostFn& cost, at::Device device = at::kCPU,
            const Tensor& initial = {});

  /// Fills the queues of several problems with a plan that came from elsewhere.
  /// @param blocks  float [problems, H, D], normalised; all of it is executed.
  void follow(std::span<const int64_t> problems, const Tensor& blocks);

  /// The next actions of several problems. `search` is called once with those that are due, if any, and fills their
  /// queues. @param problems  ascending. @returns one for each of them, not clipped.
  std::vector<ControlAction> act(std::span<const int64_t> problems,
                                 const std::function<void(std::span<const int64_t> due)>& search);

  /// The next action of a problem, [size] in environment units, not clipped. @throws Error when one is due.
  std::vector<double> next_action(int64_t problem);

  /// Forgets queue and left-over blocks: a new episode.
  void reset(int64_t problem);

 private:
  struct Problem {
    std::deque<std::vector<double>> queue;
    Tensor left_over;  // float [horizon - receding, D], or undefined
    int64_t plans = 0;
  };
  Plan search(std::span<const PlanId> ids, const CostFn& cost, const Tensor& init) const;
  void fill_queues(std::span<const int64_t> problems, const Tensor& actions);
  const Problem& get(int64_t problem) const { return problems_.at(static_cast<size_t>(problem)); }
  Problem& get(int64_t problem) { return problems_.at(static_cast<size_t>(problem)); }

  MpcConfig config_;
  std::optional<ArmCemConfig> arm_;
  Planner planner_;
  ActionSpec actions_;
  uint64_t seed_;
  int64_t first_;
  std::vector<Problem> problems_;
};

}  // namespace foresee::planner
