#include "planner/eval/findings/remarks.h"

#include <algorithm>
#include <set>

#include "jepa/core/error.h"

namespace foresee::planner {

std::vector<std::string> remarks(const EvalResult& result) {
  std::vector<std::string> out;
  const bool swm = result.protocol == Protocol::kSwm;
  const auto starts = static_cast<int64_t>(result.starts.starts.size());
  const int64_t solved = result.starts.solved_at_start;
  if (swm && solved > 0)
    out.push_back(
        fmt::format("{} of {} starts are solved before the first step; they are kept, as stable-worldmodel "
                    "keeps them",
                    solved, starts));
  std::set<std::pair<std::vector<double>, std::vector<double>>> seen;
  const auto repeated =
      std::count_if(result.starts.starts.begin(), result.starts.starts.end(),
                    [&](const Start& start) { return !seen.emplace(start.state, start.goal).second; });
  if (repeated > 0) out.push_back(fmt::format("{} of {} starts repeat an earlier one", repeated, starts));
  if (const MethodResult* nothing = result.find("noop")) {
    const auto successes =
        std::count_if(nothing->trials.begin(), nothing->trials.end(), [](const Trial& trial) { return trial.success; });
    const auto trials = static_cast<std::ptrdiff_t>(nothing->trials.size());
    if (trials > 0 && (successes == trials || (swm && successes > 0)))
      out.push_back(fmt::format("doing nothing solves {} of {}{}", successes, trials,
                                successes == trials ? ": this evaluation says nothing of planning" : ""));
  } else if (swm && starts > 0 && solved == starts) {
    out.push_back(
        fmt::format("doing nothing solves {} of {}: this evaluation says nothing of planning", starts, starts));
  }
  return out;
}

}  // namespace foresee::planner
