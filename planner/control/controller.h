#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "jepa/core/api/job.h"
#include "jepa/model/world_model.h"
#include "planner/control/course.h"
#include "planner/control/history.h"
#include "planner/control/model_cost.h"
#include "planner/control/mpc.h"
#include "planner/control/pace.h"
#include "planner/control/wanted.h"
#include "planner/control/watchdog.h"

namespace foresee::planner {

class Recorder;  // record/recorder.h

/// Where a search begins: at actions of zero, or at the proposal of the model's inverse-dynamics head.
enum class Begin { kZero, kProposal };

/// How a world model acts: keys that planning and evaluation share.
struct ControlConfig {
  int64_t history = 1;
  Objective objective = Objective::kLatent;  // one of WorldModel::objectives()
  double terminal_cost = 1;                  // CostTerms::terminal
  double running_cost = 0;                   // CostTerms::running
  Begin begin = Begin::kZero;
  double proposal_gain = 1.0;
  std::vector<double> action_low{};   // limits of every number of an action, or one of all, the robot's units;
  std::vector<double> action_high{};  // empty: as the model has them
  double deadline_ms = 0;             // for an act() that is told none; 0: searches end as their settings say
  bool asynchronous = false;          // the next plan is searched while the last block of this one is executed
  std::vector<double> safe_action{};  // where a search is late and nothing is left of a plan; one number for each of an
                                      // action, the robot's units; empty: 0, or what the limits allow nearest to it
  MpcConfig planner;
};
void describe(Fields& fields, ControlConfig& config);

/// What a ControlCore is told beside its config.
struct ControlOptions {
  bool search = true;    // false: the model's own proposal is followed, one block at a time (inverse dynamics)
  bool judge = false;    // plans are held against doing nothing, and against standing at the goal
  bool imagine = false;  // ControlPlan::imagined is kept
  ArmCemConfig arm{};    // the search of a model whose states are arm poses
  uint64_t seed = 0;     // names the random draws
  int64_t problems = 1;  // acted for side by side
  int64_t first = 0;     // own name of problem 0 in the draws
  JobControl job{};      // who watches a search, and may end it
  std::shared_ptr<Recorder> recorder{};  // writes down what is seen and done; null: nobody does
};

/// When an answer has to be there.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

/// The plan that a problem follows.
struct ControlPlan {
  Tensor actions;     // double [steps, A], environment units, within the limits
  Tensor states;      // double [H + 1, S] where the model predicts the robot's states; else undefined
  Tensor imagined{};  // ControlOptions::imagine: float [H, ...], what the model predicts (WorldModel::rollout)
  double cost = 0;    // of these actions, by the objective
  std::optional<double> nothing{};    // ControlOptions::judge: of doing nothing for as many blocks
  std::optional<double> at_goal{};    // same: of doing nothing where the goal is seen already
  std::optional<double> violation{};  // how far the plan exceeds its constraints, where the search has any
  std::vector<double> trace;          // best cost of every iteration; of problems searched together, the mean
  int64_t not_finite = 0;             // candidates of the search whose cost was no finite number, as of the trace
  int64_t iterations = 0;
  Stop stopped = Stop::kIterations;
  int64_t number = 0;  // plans that the problem has had, with this one; 0: none
};

/// Asynchronous control: when a problem comes to the last block of its queue, the search of what follows begins in
/// another thread. Candidates are judged behind that block, so the time until they are executed is rolled forward by
/// the model. The plan is taken when the queue is empty; only then, if need be, is it waited for. A new goal keeps the
/// rest of this block and the next one, at the end of which the plan toward it begins: nothing waits for its search.
///
/// Pictures and goals to actions, for several problems side by side which never influence each other: the one place
/// where a world model becomes behaviour. It owns histories, objective, proposals, receding horizon and queues.
class ControlCore {
 public:
  /// @param model  must outlive the controller. @throws ConfigError when the config does not fit the model.
  ControlCore(const WorldModel& model, const ControlConfig& config, const ControlOptions& options);

  /// Sets the goal of a problem; the next act() searches anew. In the middle of an action block this forgets the
  /// history, whose pictures lie whole blocks apart.
  /// @param picture  uint8 [3, H, W], any size. @param state  where StateSpec says so; else empty.
  void set_goal(int64_t problem, const Tensor& picture, const std::vector<double>& state = {}, double weight = 1);
  /// The same with several goals, whose weighted costs are added up; the first is what proposals lead to, and what
  /// ControlPlan::at_goal is of. @throws Error for none, for a weight that is not above 0, and for pictures that the
  /// model does not bring to one size.
  void set_goals(int64_t problem, std::vector<Wanted> goals);
  /// Forgets history and queue of a problem: a new episode. The goal stays.
  void reset(int64_t problem);

  /// True at the steps whose pictures are used. Others need none.
  bool wants_picture(int64_t problem) const { return get(problem).history.wants_picture(); }
  /// Takes what was seen before, one block before the next sight. Its `executed` is the whole block that led to it.
  void look_back(int64_t problem, const Sight& sight);
  /// The next actions. @param seen  of every problem, in the order of `problems`: ascending, no two the same.
  /// @param deadline  none: ControlConfig::deadline_ms from now. A search has fewer iterations, and at need fewer
  /// candidates, when time is short. One that is late all the same is dropped, and the action comes from the block that
  /// the last plan had left, else it is the safe one (ActionSource::kFallback).
  /// @throws Error without a goal, for a state of the wrong size or that is not finite (before the search), and when
  /// costs are not finite, naming the input that did it.
  std::vector<ControlAction> act(std::span<const Sight> seen, std::span<const int64_t> problems,
                                 const Deadline& deadline = {});

  /// An act() of before once more: searches run as far as they did then, whatever the time.
  std::vector<ControlAction> act_again(std::span<const Sight> seen, std::span<const int64_t> problems,
                                       const Course& course);

  /// Plans that the problem has had.
  int64_t plans(int64_t problem) const { return get(problem).plan.number; }
  /// The problem's last plan. @throws Error where there was none.
  const ControlPlan& last_plan(int64_t problem) const;

 private:
  struct Problem {
    History history;
    std::vector<Wanted> goals{};  // pictures as the model takes them; empty: none yet
    ControlPlan plan{};
    bool late = false;        // the last search was
    int64_t goal_number = 0;  // counts set_goals()
    int64_t episode = 0;      // counts reset()
  };
  /// Problems that are searched side by side: all that a search reads, none of it shared with what changes.
  struct Question {
    std::vector<int64_t> problems;
    Observation observation;
    std::vector<Goal> goals;
    SearchStart start;
    Tensor before{};          // float [problems, n, D]: blocks that will be executed first; undefined: none
    int64_t goal_number = 0;  // of a search ahead: Problem's
    int64_t episode = 0;
  };
  struct Answer {
    Plan plan;
    Tensor states;            // as of ModelCost::states
    Tensor nothing, at_goal;  // ControlOptions::judge: double [problems, 1]
    Tensor imagined{};        // ControlOptions::imagine: float [problems, H, ...]
    Course::Search course{};  // under a deadline
  };
  /// Searches of what follows the last queued block, one for each problem, which run while that block is executed.
  struct Ahead {
    std::vector<Question> questions;
    std::vector<Answer> answers;
  };
  const Problem& get(int64_t problem) const;
  Problem& get(int64_t problem) { return const_cast<Problem&>(std::as_const(*this).get(problem)); }
  Sight fitted(const Sight& sight) const;
  Tensor allowed(const Tensor& actions) const;
  std::vector<ControlAction> act_until(std::span<const Sight> seen, std::span<const int64_t> problems,
                                       const Deadline& deadline);
  std::vector<ControlAction> recorded(std::span<const Sight> seen, std::span<const int64_t> problems,
                                      const std::function<std::vector<ControlAction>()>& act);
  void search(std::span<const int64_t> due, const Deadline& deadline);
  void search_ahead(std::span<const int64_t> problems);
  std::vector<int64_t> take_ahead(std::span<const int64_t> due, const Deadline& deadline);
  bool is_ahead(int64_t problem) const;
  bool is_current(const Question& question) const;
  void fall_back(int64_t problem);
  Question ask(const std::vector<int64_t>& problems);
  CostTerms terms() const;
  bool was_late(int64_t problem) const;
  Answer answer(const Question& question, const Deadline& end, const Course::Search* again) const;
  Plan follow(const ModelCost& here) const;
  void look_along(const ModelCost& here, Answer& answer) const;
  Plan find(const Question& question, const ModelCost& here, const SearchControl& control) const;
  void judge(const Question& question, const ModelCost& here, Answer& answer) const;
  CostFn watched(const CostFn& cost, int64_t& done, bool report) const;
  void take(const Question& question, const Answer& answer);

  const WorldModel& model_;
  ControlConfig config_;
  ControlOptions options_;
  ActionSpec actions_;  // the model's, with the config's limits
  StateSpec state_;
  bool arm_;
  Mpc mpc_;
  std::vector<Problem> problems_;
  std::vector<double> safe_action_;
  mutable std::map<std::pair<int64_t, int64_t>, Pace> paces_;  // by problems and pictures; of the watchdog's thread
  Course course_{};                                            // of the last act()
  const Course* again_ = nullptr;                              // of the act() that is run once more
  std::shared_ptr<Ahead> ahead_;                               // begun, and not taken yet
  Watchdog watchdog_;                                          // last: its work reads the members above
};

}  // namespace foresee::planner
