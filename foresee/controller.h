#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foresee/error.h"
#include "foresee/export.h"
#include "foresee/job.h"
#include "foresee/picture.h"
#include "foresee/read_options.h"
#include "foresee/settings.h"

namespace foresee {

class WorldModel;

/// Acts toward a goal picture with a world model: the seam of a robot program.
///
///   foresee::Controller controller({.model = "runs/my-robot"});
///   controller.set_goal({.pictures = {goal}});
///   while (running) robot.send(controller.act({.pictures = {camera.read()}}).action);
///
/// It owns the history of pictures and actions, the search, its warm start and the queue of actions that a plan leaves
/// behind. It acts for one problem or for several side by side (environments, arms), which never influence each other.
/// One thread at a time may call it; several controllers may run in several threads.
class FORESEE_API Controller {
 public:
  /// What a controller is made of.
  struct Options {
    std::filesystem::path model{};  // model folder, run folder, or a published file of a family that plans
    Device device = Device::kAuto;  // where the model computes
    uint64_t seed = 0;              // names the random draws of the search
    Settings
        settings{};  // the keys of `foresee config plan`: planner.samples, objective, begin, receding, history, ...
    int64_t problems = 1;       // acted for side by side
    int64_t first_problem = 0;  // name of problem 0 in the random draws; problem i is named first_problem + i
    bool judge = false;         // plans are held against doing nothing: PlannedActions::cost_of_nothing
    JobControl job{};           // who watches a search; one that is stopped ends act() with an Error
    ReadOptions read{};         // what the model's file does not say
    std::optional<std::filesystem::path>
        record{};  // a new file that all of the run is written to while it goes: replay() plays it again. A disk that
                   // is full ends the record with a warning, never the run
  };

  /// What is wanted.
  struct Goal {
    std::vector<PictureView> pictures{};  // one for each camera of the model
    std::vector<double> state{};          // state().size numbers where state().of_goal, its units; else empty
    double weight = 1;                    // > 0, multiplies the costs: what Decision::cost is compared by
  };

  /// What is seen now.
  struct Observation {
    std::vector<PictureView> pictures{};  // one for each camera of the model
    std::vector<double> state{};          // the robot's state where the model takes it; else empty
    std::vector<double> executed{};    // the action that was really sent since the last call; empty: the one returned
                                       // (after look_back: the block of actions since then)
    std::vector<double> extrinsics{};  // the camera's pose, state().extrinsics numbers; else empty
    std::optional<std::chrono::nanoseconds>
        deadline{};  // time that this call may take, above 0; none: key deadline_ms.
                     // Of several observations the shortest counts for all
  };

  /// Where an action came from.
  enum class Source {
    kSearch,    // first action of a plan that was searched or, asynchronously, waited for in this call
    kQueue,     // of the plan that an earlier call searched
    kFallback,  // the search was later than the deadline and dropped: what the last plan had left, else `safe_action`
    kProposal,  // of the model's own proposal, without a search; does not occur yet
  };
  /// Why a search ended: there was none, all iterations ran, it had settled (planner.converged), or there was
  /// no time for another iteration.
  enum class Stopped { kNotSearched, kFinished, kConverged, kDeadline };

  /// What to do.
  struct Decision {
    std::vector<double> action{};             // action().size numbers in the robot's units, finite, inside its bounds
    Source source = Source::kSearch;          // where the action came from
    Stopped stopped = Stopped::kNotSearched;  // why the search ended
    double cost = 0;                          // of the problem's last plan, the objective's units; 0: it has had none
    double planning_ms = 0;  // wall-clock that this call took for planning; of several problems, its share
    int64_t iterations = 0;  // of the search of this call
    int64_t plans = 0;       // plans that this problem has had so far
  };

  /// What a plan holds beyond its first action.
  struct PlannedActions {
    std::vector<std::vector<double>> actions;  // one row per environment step, inside the bounds
    std::vector<std::vector<double>> states;   // predicted robot states, present first, where the model predicts them
    double cost = 0;                           // of these actions themselves, the objective's units
    std::optional<double> cost_of_nothing{};   // Options::judge: of doing nothing instead
    std::optional<double> cost_at_goal{};      // same: of doing nothing where the goal is seen already
    std::optional<double> violation{};         // how far it exceeds its constraints (solver lagrangian)
    std::vector<double> trace;  // best cost of every iteration; of problems searched together, their mean
    int64_t not_finite = 0;     // candidates whose cost was no finite number; they lost. As of the trace
    int64_t iterations = 0;     // of the search
    Stopped stopped = Stopped::kFinished;
    int64_t block = 1;  // environment steps in one block of the search
  };

  /// What an action is. Units: the robot's, as in the training data.
  struct ActionInfo {
    int64_t size = 0;               // numbers of one action
    int64_t block = 1;              // environment steps in one block of the search
    std::vector<double> low, high;  // bounds, the robot's units; empty: unbounded
  };
  /// What the model wants to know of the robot beside pictures.
  struct StateInfo {
    int64_t size = 0;        // numbers; 0: the model takes no state
    bool of_goal = false;    // whether a goal has a state too
    std::string meaning;     // of the numbers, for people
    int64_t extrinsics = 0;  // numbers of the camera's pose that the model takes with every picture; 0: none
  };
  /// What the model makes of pictures.
  struct PictureInfo {
    int64_t size = 0;     // pixels that the model works on
    int64_t cameras = 1;  // pictures of one observation
    std::string rule;     // how a rectangle becomes a square: "resize", "crop", "pad" or "center_square"
  };

  /// Loads the model. @throws CheckpointError for a model that cannot be read or plans no actions; ConfigError for a
  /// setting that is unknown or does not fit the model.
  explicit Controller(const Options& options);
  ~Controller();
  /// Takes over the model and the state of another one.
  Controller(Controller&&) noexcept;
  /// The same.
  Controller& operator=(Controller&&) noexcept;

  /// What act() returns. Lives as long as the controller.
  const ActionInfo& action() const;
  /// Which states set_goal(), look_back() and act() take. Lives as long as the controller.
  const StateInfo& state() const;
  /// What is done with pictures. Lives as long as the controller.
  const PictureInfo& picture() const;

  /// Sets the goal of a problem. The next act() searches anew; in the middle of an action block it forgets the history,
  /// whose pictures lie whole blocks apart. @throws Error for a picture without pixels or a state of the wrong size.
  void set_goal(const Goal& goal, int64_t problem = 0);
  /// The same with several goals at once: the cost of a plan is the sum of its costs toward each of them, multiplied
  /// with their weights. Proposals lead to the first one. @throws Error for none, and as set_goal().
  void set_goals(std::span<const Goal> goals, int64_t problem = 0);
  /// Forgets history and queue of a problem: a new episode. The goal stays.
  void reset(int64_t problem = 0);
  /// Takes what was seen one action block before the next observation: a history that the controller did not live
  /// through. Its `executed` is the block of actions that led to it from the look back before it, one after the other;
  /// of a model of arm poses it may be left out: then it is the change of the pose. Keys: history says how far plans
  /// look.
  void look_back(const Observation& observation, int64_t problem = 0);

  /// The next action; with a deadline not later than that. @throws Error without a goal, for a picture without pixels,
  /// a state of the wrong size, or when the model's costs are not finite.
  Decision act(const Observation& observation);
  /// The same for several problems: their searches run side by side. @param problems  ascending, no two the same.
  std::vector<Decision> act(std::span<const Observation> observations, std::span<const int64_t> problems);

  /// The plan that the problem's last search found. @throws Error where there was none.
  PlannedActions last_plan(int64_t problem = 0) const;

 private:
  friend class Model;
  friend struct ControllerAccess;
  Controller(const Options& options, std::shared_ptr<const WorldModel> model);  // in place of options.model
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foresee
