#include "foresee/evaluate/evaluation_json.h"

#include <nlohmann/json.hpp>

#include "foresee/evaluate/features.h"
#include "foresee/evaluate/offline.h"
#include "foresee/evaluate/quality/evaluate_quality.h"
#include "foresee/evaluate/surprise/surprise.h"

namespace foresee {
namespace {

using nlohmann::ordered_json;

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
                   {"planning_ms", planning}};
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

/// {"pools": {PLACE: {"rate", "low", "high", "n"}}, "memorised"}.
ordered_json generalisation_json(const Generalisation& found) {
  ordered_json pools = ordered_json::object();
  for (const auto& pool : found.pools)
    pools[pool.place] = {{"rate", pool.rate}, {"low", pool.low}, {"high", pool.high}, {"n", pool.n}};
  return {{"pools", pools}, {"memorised", found.memorised}};
}

}  // namespace

ordered_json overlap_json(const EpisodeOverlap& overlap) {
  return {{"known", overlap.known}, {"episodes", overlap.episodes}, {"trained", overlap.trained}};
}

ordered_json video_json(const EvaluationVideo& video) {
  ordered_json out{{"file", video.file.string()},
                   {"frames", video.frames},
                   {"threshold", video.threshold},
                   {"trials", ordered_json::array()}};
  for (const auto& trial : video.trials)
    out["trials"].push_back({{"start", trial.start},
                             {"success", trial.success},
                             {"parted", trial.parted ? ordered_json(*trial.parted) : ordered_json()}});
  return out;
}

ordered_json evaluation_json(const EvaluateRequest& request, const EvaluateResult& result) {
  if (result.offline) return offline_json(request, *result.offline);
  if (result.quality) return quality_json(request, *result.quality);
  if (result.features) return features_json(request, *result.features);
  if (result.surprise) return surprise_json(request, *result.surprise);
  const Evaluation& first = result.evaluations.front();
  const auto with_generalisation = [&](ordered_json out) {
    if (result.generalisation) out["generalisation"] = generalisation_json(*result.generalisation);
    if (result.video) out["video"] = video_json(*result.video);
    return out;
  };
  if (!request.vary) return with_generalisation(closed_loop_json(first));
  ordered_json sweep = ordered_json::object();
  for (const Evaluation& evaluation : result.evaluations) sweep[evaluation.value] = closed_loop_json(evaluation);
  return with_generalisation(
      {{"env", first.env}, {"protocol", first.protocol}, {"vary", request.vary->key}, {"values", sweep}});
}

}  // namespace foresee
