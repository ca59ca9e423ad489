#include "foresee/evaluate/evaluation_json.h"

#include <nlohmann/json.hpp>

#include "foresee/evaluate/closed_loop.h"
#include "foresee/evaluate/features.h"
#include "foresee/evaluate/offline/evaluate_offline.h"
#include "foresee/evaluate/quality/evaluate_quality.h"
#include "foresee/evaluate/surprise/surprise.h"

namespace foresee {
namespace {

using nlohmann::ordered_json;

/// {"pools": {PLACE: {"rate", "low", "high", "n"}}, "memorised"}.
ordered_json generalisation_json(const Generalisation& found) {
  ordered_json pools = ordered_json::object();
  for (const auto& pool : found.pools)
    pools[pool.place] = {{"rate", pool.rate}, {"low", pool.low}, {"high", pool.high}, {"n", pool.n}};
  return {{"pools", pools}, {"memorised", found.memorised}};
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

}  // namespace

ordered_json evaluation_json(const EvaluateRequest& request, const EvaluateResult& result) {
  if (result.offline) return offline_json(request, *result.offline);
  if (result.quality) return quality_json(request, *result.quality);
  if (result.features) return features_json(request, *result.features);
  if (result.surprise) return surprise_json(request, *result.surprise);
  const Evaluation& first = result.evaluations.front();
  const auto with_generalisation = [&](ordered_json out) {
    if (result.video) out["video"] = video_json(*result.video);
    if (!result.generalisation) return out;
    out["generalisation"] = generalisation_json(*result.generalisation);
    for (auto& flag : flags_json(result.generalisation->flags)) out["flags"].push_back(flag);
    return out;
  };
  if (!request.vary) return with_generalisation(closed_loop_json(first));
  ordered_json sweep = ordered_json::object();
  for (const Evaluation& evaluation : result.evaluations) sweep[evaluation.value] = closed_loop_json(evaluation);
  return with_generalisation({{"env", first.env},
                              {"protocol", first.protocol},
                              {"vary", request.vary->key},
                              {"values", sweep},
                              {"flags", ordered_json::array()}});
}

}  // namespace foresee
