#include "foresee/evaluate/closed_loop.h"

#include <nlohmann/json.hpp>

#include "planner/eval/findings/comparison.h"
#include "planner/eval/findings/flags.h"
#include "planner/eval/findings/remarks.h"

namespace foresee {
namespace {

using nlohmann::ordered_json;
using planner::EvalResult;

MethodScore score_of(const planner::MethodResult& method) {
  const SuccessRate& success = method.success;
  MethodScore score{
      .method = method.method, .rate = success.rate, .low = success.low, .high = success.high, .n = success.n};
  score.steps = method.steps_to_success();
  score.distance = method.mean_distance();
  score.failure = method.failure;
  for (const planner::Trial& trial : method.trials)
    score.trials.push_back({trial.start, trial.success, trial.steps, trial.path.back(), trial.final_distance,
                            trial.distances, trial.planning_ms, trial.held});
  return score;
}

}  // namespace

Evaluation evaluation_of(const EvalResult& result) {
  Evaluation out{.env = result.env, .protocol = planner::name_of(result.protocol), .seed = result.seed};
  for (const auto& method : result.methods) out.methods.push_back(score_of(method));
  for (const auto& start : result.starts.starts)
    out.starts.push_back({start.state, start.goal, start.episode, start.row});
  for (const auto& [first, second, outcomes, difference, p] : planner::comparisons(result))
    out.paired.push_back({first, second, difference.difference, difference.low, difference.high, p, outcomes.first_only,
                          outcomes.second_only, outcomes.n()});
  out.origin_of_starts = result.starts.origin;
  out.excluded_solved = result.starts.excluded_solved;
  out.solved_at_start = result.starts.solved_at_start;
  out.remarks = planner::remarks(result);
  for (const auto& [name, value, threshold, meaning] : planner::flags(result))
    out.flags.push_back({name, value, threshold, meaning});
  if (const auto& time = result.planning) out.planning_ms = PlanningTime{time->p50, time->p95, time->p99};
  if (const auto& overlap = result.overlap)
    out.overlap = EpisodeOverlap{overlap->known, overlap->episodes, overlap->trained};
  out.interrupted = result.interrupted;
  return out;
}

ordered_json closed_loop_json(const Evaluation& result) {
  ordered_json success = ordered_json::object();
  for (const auto& method : result.methods)
    success[method.method] = {{"rate", method.rate}, {"low", method.low}, {"high", method.high}, {"n", method.n}};
  ordered_json planning{{"p50", nullptr}, {"p95", nullptr}, {"p99", nullptr}};
  if (const auto& time = result.planning_ms) planning = {{"p50", time->p50}, {"p95", time->p95}, {"p99", time->p99}};
  ordered_json out{{"env", result.env},
                   {"protocol", result.protocol},
                   {"seed", result.seed},
                   {"success", success},
                   {"excluded_solved", result.excluded_solved},
                   {"planning_ms", planning},
                   {"flags", flags_json(result.flags)}};
  for (const auto& found : result.paired)
    out["paired"].push_back({{"first", found.first},
                             {"second", found.second},
                             {"difference", found.difference},
                             {"low", found.low},
                             {"high", found.high},
                             {"p", found.p},
                             {"first_only", found.first_only},
                             {"second_only", found.second_only},
                             {"n", found.n}});
  for (const auto& method : result.methods) {
    out["steps_to_success"][method.method] = method.steps ? ordered_json(*method.steps) : ordered_json();
    if (!method.distance.empty()) out["distance"][method.method] = method.distance;
  }
  for (const auto& method : result.methods)
    if (!method.failure.empty()) out["failed"][method.method] = method.failure;
  if (const auto& overlap = result.overlap) out["overlap"] = overlap_json(*overlap);
  if (!result.place.empty()) out["place"] = result.place;
  if (result.protocol == "swm") out["solved_at_start"] = result.solved_at_start;
  if (!result.remarks.empty()) out["remarks"] = result.remarks;
  return out;
}

ordered_json overlap_json(const EpisodeOverlap& overlap) {
  return {{"known", overlap.known}, {"episodes", overlap.episodes}, {"trained", overlap.trained}};
}

ordered_json flags_json(const std::vector<EvaluationFlag>& flags) {
  ordered_json out = ordered_json::array();
  for (const auto& flag : flags)
    out.push_back(
        {{"name", flag.name}, {"value", flag.value}, {"threshold", flag.threshold}, {"meaning", flag.meaning}});
  return out;
}

}  // namespace foresee
