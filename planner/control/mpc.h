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
  BallConfig ball;
  int64_t receding = 5;
  bool warm_start = true;

  /// @throws ConfigError when more blocks are to be executed than planned.
  void validate() const;
};
void describe(Fields& fields, MpcConfig& config);

/// Where an action came from: of a plan that was searched in this call, of an earlier plan, or, as the search was late,
/// of what the last plan had left (else the safe action).
enum class ActionSource { kSearch, kQueue, kFallback };

/// What one problem does next.
struct ControlAction {
  std::vector<double> action;  // environment units; of a ControlCore finite and within the bounds of ActionSpec
  ActionSource source = ActionSource::kQueue;
  double planning_ms = 0;  // wall-clock of planning in this call; of several problems, its share
};

/// Where the searches of several problems begin, and the numbers of their draws.
struct SearchStart {
  std::vector<PlanId> ids;
  Tensor init;  // float [problems, h, D], normalised
};

/// What a search under a deadline is told.
struct SearchControl {
  std::function<bool(int64_t iteration)> go_on{};  // SearchRequest::go_on
  int64_t samples = 0;                             // candidates an iteration, elites in proportion; 0: as configured
  std::function<void(int64_t iteration, const Iteration&)> trace{};  // SearchRequest::trace
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

  /// The nearest actions within the ball of the config; the same where there is none. @param actions  [..., size],
  /// double, the environment's units.
  Tensor within_ball(const Tensor& actions) const { return ball_ ? ball_->nearest(actions) : actions; }

  /// True when the problem has no action left.
  bool due(int64_t problem) const { return get(problem).queue.empty(); }

  /// Searches plans for several problems side by side and fills their queues.
  /// @param problems  which ones, 0 .. count-1. @param cost  its `rows` are positions in `problems`.
  /// @param device  where the search runs; the cost's, best. @param initial  float [problems, horizon, D], normalised:
  /// where the searches begin; undefined: at the blocks that were left over.
  /// @returns blocks [problems, horizon, D], normalised; of an arm in the environment's units.
  Plan plan(std::span<const int64_t> problems, const CostFn& cost, at::Device device = at::kCPU,
            const Tensor& initial = {});

  /// plan() in three parts, the second of which changes nothing and may run in another thread. First: where to begin.
  SearchStart begin(std::span<const int64_t> problems);
  /// Second: the search. @param cost, device, initial  as of plan().
  Plan search(const SearchStart& start, const CostFn& cost, at::Device device = at::kCPU, const Tensor& initial = {},
              const SearchControl& control = {}) const;
  /// Third: fills the queues.
  void take(std::span<const int64_t> problems, const Plan& plan);

  /// Where there is no plan in time: queues the next block that the last plan had left, else one of `safe` actions.
  /// @param safe  [size], environment units.
  void fall_back(int64_t problem, const std::vector<double>& safe);

  /// The actions that a problem has left, double [n, size], environment units, not clipped.
  Tensor queued(int64_t problem) const;
  /// Keeps the first `count` of them, and nothing that a search could begin with.
  void shorten(int64_t problem, int64_t count);

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
    Tensor left_over;  // float [horizon - receding or fewer, D], normalised; of an arm in its units; or undefined
    int64_t plans = 0;
  };
  void fill_queues(std::span<const int64_t> problems, const Tensor& actions);
  Tensor to_environment(const Tensor& blocks) const;
  Planner planner_for(const SearchConfig& search) const;
  const Problem& get(int64_t problem) const { return problems_.at(static_cast<size_t>(problem)); }
  Problem& get(int64_t problem) { return problems_.at(static_cast<size_t>(problem)); }

  MpcConfig config_;
  std::optional<ArmCemConfig> arm_;
  ActionSpec actions_;
  std::optional<ActionBall> ball_;
  uint64_t seed_;
  int64_t first_;
  std::vector<Problem> problems_;
};

}  // namespace foresee::planner
