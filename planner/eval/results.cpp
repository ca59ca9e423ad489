#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/picture/image.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/system_reason.h"
#include "planner/eval/evaluate.h"
#include "planner/eval/film_strip.h"
#include "planner/eval/findings/remarks.h"

namespace foresee::planner {
namespace {

using nlohmann::ordered_json;

ordered_json start_json(const Start& start) {
  ordered_json row{{"start", start.state}, {"goal", start.goal}};
  if (start.episode) row["episode"] = *start.episode;
  if (start.row) row["row"] = *start.row;
  for (const auto& [key, value] : start.factors) row["factors"][key] = value;
  return row;
}

ordered_json trial_json(const Trial& trial) {
  ordered_json row{{"start", trial.start},
                   {"success", trial.success},
                   {"steps", trial.steps},
                   {"final_state", trial.path.back()},
                   {"final_distance", trial.final_distance},
                   {"distances", trial.distances}};
  if (trial.held) row["held"] = *trial.held;
  if (!trial.planning_ms.empty()) row["planning_ms"] = trial.planning_ms;
  return row;
}

/// An episode that gets a film strip.
struct ShownTrial {
  int64_t index;     // among the method's
  std::string file;  // relative to the result folder
};

std::vector<ShownTrial> shown_trials(const MethodResult& method, int64_t count) {
  std::vector<ShownTrial> shown;
  for (const int64_t index : failures_first(method.trials)) {
    if (static_cast<int64_t>(shown.size()) == count) break;
    const Trial& trial = method.trials[static_cast<size_t>(index)];
    shown.push_back(
        {index, fmt::format("strips/planner_{:03d}_{}.png", trial.start, trial.success ? "success" : "failure")});
  }
  return shown;
}

}  // namespace

std::vector<std::filesystem::path> save_results(const std::filesystem::path& folder, const EvalConfig& config,
                                                const EvalResult& result, const ordered_json& shown_result,
                                                int64_t strips, const ordered_json& made_by) {
  ordered_json starts = ordered_json::array(), episodes = ordered_json::object();
  for (const auto& start : result.starts.starts) starts.push_back(start_json(start));
  for (const auto& method : result.methods) {
    episodes[method.method] = ordered_json::array();
    for (const auto& trial : method.trials) episodes[method.method].push_back(trial_json(trial));
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail("{}: cannot make this folder: {}", folder.string(), system_reason(error));
  const auto* planner = result.planner();
  std::vector<ShownTrial> shown;
  if (planner != nullptr && strips > 0) shown = shown_trials(*planner, strips);
  ordered_json files = ordered_json::array();
  for (const auto& [index, file] : shown) files.push_back(file);
  write_json(folder / "results.json",
             {{"made_by", made_by},
              {"config", config_json(config)},
              {"result", shown_result},
              {"remarks", remarks(result)},
              {"interrupted", result.interrupted},
              {"origin_of_starts", result.starts.origin},
              {"planning_ms_is",
               "wall-clock of one plan: encoding observation and goal, and the search; of a batch of "
               "plans, divided by their number"},
              {"files", files},
              {"starts", starts},
              {"episodes", episodes}});

  std::vector<std::filesystem::path> written{"results.json"};
  if (shown.empty()) return written;
  std::filesystem::create_directories(folder / "strips");
  const auto env = make_env(result.env, config.variation);
  for (const auto& [index, file] : shown) {
    const Trial& trial = planner->trials[static_cast<size_t>(index)];
    const Start& start = result.starts.starts[static_cast<size_t>(trial.start)];
    data::write_image(folder / file, film_strip(*env, start, trial));
    written.emplace_back(file);
  }
  return written;
}

}  // namespace foresee::planner
