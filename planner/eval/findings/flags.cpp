#include "planner/eval/findings/flags.h"

#include <fmt/format.h>

#include <algorithm>

#include "jepa/core/statistics/samples.h"
#include "planner/eval/findings/comparison.h"

namespace foresee::planner {
namespace {

constexpr double kMostFloor = 0.2, kWidestInterval = 0.2, kMostNearlySolved = 0.2, kMostLost = 0.2;
constexpr double kNearlySolved = 1.5;  // times the distance at which successes end
constexpr std::string_view kBaselines[] = {"random", "noop", "nearest_neighbour", "cloning"};

/// Distance to the goal below which three of four successes of all methods ended; nothing without a success.
std::optional<double> reached_distance(const EvalResult& result) {
  std::vector<double> distances;
  for (const MethodResult& method : result.methods)
    for (const Trial& trial : method.trials)
      if (trial.success) distances.push_back(trial.final_distance);
  if (distances.empty()) return std::nullopt;
  return quantile(distances, 0.75);
}

class Raised {
 public:
  void baselines(const EvalResult& result) {
    for (const Comparison& found : comparisons(result)) {
      if (std::find(std::begin(kBaselines), std::end(kBaselines), found.second) == std::end(kBaselines)) continue;
      raise("no better than a baseline", found.difference.low <= 0, found.difference.low, 0,
            fmt::format("{} is not shown to be better than {}: the difference of {:+.1f} points lies between {:+.1f} "
                        "and {:+.1f}, and would have to lie above 0",
                        found.first, found.second, 100 * found.difference.difference, 100 * found.difference.low,
                        100 * found.difference.high));
    }
  }

  void floor(const MethodResult& nothing) {
    const double rate = nothing.success.rate;
    raise("floor", nothing.success.n > 0 && rate > kMostFloor, rate, kMostFloor,
          fmt::format("doing nothing solves {:.1f} % of the starts; above {:.0f} % success says little", 100 * rate,
                      100 * kMostFloor));
  }

  void episodes(const MethodResult& judged) {
    const double width = judged.success.high - judged.success.low;
    raise("too few episodes", width > kWidestInterval, width, kWidestInterval,
          fmt::format("the interval of {} is {:.0f} points wide with {} episodes; above {:.0f} points they are too "
                      "few to tell",
                      judged.method, 100 * width, judged.success.n, 100 * kWidestInterval));
  }

  void starts(const EvalResult& result, const MethodResult& judged) {
    const std::optional<double> reached = reached_distance(result);
    if (!reached) return;
    const double bound = kNearlySolved * *reached;
    const auto near = std::count_if(judged.trials.begin(), judged.trials.end(),
                                    [&](const Trial& trial) { return trial.distances.front() < bound; });
    const double share = static_cast<double>(near) / static_cast<double>(judged.trials.size());
    raise("starts nearly solved", share > kMostNearlySolved, share, kMostNearlySolved,
          fmt::format("{:.0f} % of the starts lie nearer than {:.3g} to their goal, 1.5 times the distance at "
                      "which successes end; above {:.0f} % the starts are too easy",
                      100 * share, bound, 100 * kMostNearlySolved));
  }

  void held(const MethodResult& judged) {
    int64_t known = 0, lost = 0;
    for (const Trial& trial : judged.trials)
      if (trial.held) ++known, lost += !*trial.held;
    if (known == 0) return;
    const double share = static_cast<double>(lost) / static_cast<double>(known);
    raise("success lost again", share > kMostLost, share, kMostLost,
          fmt::format("{} of {} successes of {} do not last while nothing is done; above {:.0f} % goals are passed "
                      "through rather than reached",
                      lost, known, judged.method, 100 * kMostLost));
  }

  void overlap(const Overlap& overlap) {
    const double share = overlap.episodes > 0 ? static_cast<double>(overlap.trained) / overlap.episodes : 0;
    raise("training episodes", share > 0, share, 0,
          fmt::format("the model was trained on {} of the {} episodes that the starts lie on; none may be",
                      overlap.trained, overlap.episodes));
  }

  std::vector<EvalFlag> all;

 private:
  void raise(const char* name, bool broken, double value, double threshold, const std::string& meaning) {
    if (broken) all.push_back({name, value, threshold, meaning});
  }
};

}  // namespace

std::vector<EvalFlag> flags(const EvalResult& result) {
  Raised raised;
  const MethodResult* judged = result.planner();
  if (judged == nullptr) judged = result.find("inverse_dynamics");
  const bool played = judged != nullptr && !judged->trials.empty();
  raised.baselines(result);
  if (const MethodResult* nothing = result.find("noop")) raised.floor(*nothing);
  if (played) {
    raised.episodes(*judged);
    raised.starts(result, *judged);
    raised.held(*judged);
  }
  if (result.overlap) raised.overlap(*result.overlap);
  return raised.all;
}

}  // namespace foresee::planner
