#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/episode/training_set/contents.h"
#include "jepa/core/api/job.h"
#include "jepa/core/config.h"
#include "jepa/core/statistics/proportions.h"
#include "jepa/model/world_model.h"
#include "planner/control/controller.h"
#include "planner/env/env_config.h"
#include "planner/eval/baselines/cloning.h"
#include "planner/eval/journal.h"
#include "planner/eval/runner.h"
#include "planner/eval/swm_protocol.h"

namespace foresee::planner {

/// A closed-loop evaluation. Defaults: the published protocol of LeWorldModel.
struct EvalConfig : ControlConfig {
  std::string env = "two_room";
  Protocol protocol = Protocol::kNear;
  std::optional<std::string>
      data;       // protocol near: episode file whose held-out episodes hold the starts; swm: its data
  SwmConfig swm;  // protocol swm
  EnvConfig variation;
  std::vector<std::string> draw{};     // factors that every start draws for itself (Note [Factors]); near, far
  std::vector<std::string> trained{};  // factors that the model was trained on, where its folder does not say
  int64_t episodes = 200;
  std::vector<std::string> methods{"planner", "random", "noop", "expert", "oracle"};  // "planner:mppi": of that solver
  bool floors = true;          // random and noop are run, also where methods does not name them
  bool all_baselines = false;  // so is every method without a search on the model that can be run
  bool allow_overlap = false;  // starts on episodes that the model was trained on are no error
  int64_t goal_offset = 25;
  std::optional<int64_t> budget;
  int64_t batch = 1;
  int64_t oracle_block = 5;
  MpcConfig oracle;

  /// @throws ConfigError on an unknown method, with the nearest known one.
  void validate() const;
  /// Steps an episode may take: as given, or the protocol's (near 50, far 100).
  int64_t step_budget() const;
};
void describe(Fields& fields, EvalConfig& config);

/// How one method did.
struct MethodResult {
  std::string method;
  SuccessRate success;
  std::vector<Trial> trials;  // in the order of the starts
  std::string failure{};      // what ended it, where it threw; then it has no trials

  /// Half of the successes took so many steps or fewer; nothing where none succeeded.
  std::optional<double> steps_to_success() const;
  /// Mean distance to the goal before the first step and after each; a trial that has ended stays where it is.
  std::vector<double> mean_distance() const;
};

/// Quantiles of the wall-clock of one plan, milliseconds.
struct PlanningTime {
  double p50 = 0, p95 = 0, p99 = 0;
};

/// How many of the episodes that the starts lie on the model was trained on (Note [Known episodes]).
struct Overlap {
  bool known = false;  // the model says what it was trained on
  int64_t episodes = 0, trained = 0;
};

/// What an evaluation found.
struct EvalResult {
  std::string env;
  Protocol protocol = Protocol::kNear;
  uint64_t seed = 0;
  StartSet starts;
  std::vector<MethodResult> methods;     // in the order they were asked for
  std::optional<PlanningTime> planning;  // of planner()
  std::optional<Overlap> overlap;        // where a model plans and the starts lie on episodes
  bool interrupted = false;              // methods hold what was finished

  /// A method's result, or null.
  const MethodResult* find(const std::string& method) const;
  /// The first result of a search on the model, "planner" or "planner:SOLVER", or null.
  const MethodResult* planner() const;
};

/// The config that one method runs with: "planner:mppi" searches with another solver.
EvalConfig method_config(const std::string& method, const EvalConfig& config);

/// True when a method that is asked for plans with a model.
bool needs_model(const EvalConfig& config);

/// What an evaluation needs beside its config and model.
struct EvalParts {
  CloningFitter fit_cloning{};             // for method cloning
  data::TrainedEpisodes trained{nullptr};  // of the model
  TrialJournal* journal = nullptr;         // where trials are kept until the end; null: nowhere
};

/// Runs every method on the same starts. A stop ends it with what is finished. A method that throws is part of the
/// result, as `failure`.
/// @param model  may be null unless needs_model(). @throws RequestError when it is missing; DataError where it was
/// trained on episodes that starts lie on and config.allow_overlap is not set; Error when it plans other actions.
EvalResult evaluate(const EvalConfig& config, uint64_t seed, const WorldModel* model, const JobControl& control = {},
                    const EvalParts& parts = {});

/// Writes results.json (config, result, files, starts, a row an episode) and, for the planner, film strips of the first
/// episodes, failures first: strips/planner_START_failure.png. @throws Error (a full disk, a path that is a file).
/// @param shown_result  the member "result", as `--json` prints it. @param strips  how many. @param made_by  where the
/// result came from: the member of that name.
/// @returns the files, relative to the folder.
std::vector<std::filesystem::path> save_results(const std::filesystem::path& folder, const EvalConfig& config,
                                                const EvalResult& result, const nlohmann::ordered_json& shown_result,
                                                int64_t strips = 12, const nlohmann::ordered_json& made_by = nullptr);

}  // namespace foresee::planner
