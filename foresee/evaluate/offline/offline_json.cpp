#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "foresee/evaluate/closed_loop.h"
#include "foresee/evaluate/offline/evaluate_offline.h"

namespace foresee {
namespace {

using nlohmann::ordered_json;

ordered_json number_or_null(double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(); }

std::string block_key(size_t index) { return fmt::format("h{}", index + 1); }

/// What a group's numbers are called.
const char* value_key(const std::string& group) {
  if (group == "retrieval") return "accuracy";
  return group.starts_with("rank") ? "percentile" : "distance";
}

/// Where a measure stands in an object.
ordered_json& slot_of(ordered_json& out, const OfflineMeasure& measure) {
  return measure.name.empty() ? out[measure.group] : out[measure.group][measure.name];
}

ordered_json plans_json(const OfflinePlans& plans) {
  ordered_json out{{"starts", plans.starts},
                   {"history", plans.history},
                   {"horizon", plans.horizon},
                   {"search",
                    {{"solver", "cem"},
                     {"samples", plans.search.samples},
                     {"iterations", plans.search.iterations},
                     {"elites", plans.search.elites},
                     {"init_std", plans.search.init_std}}}};
  for (const OfflineMeasure& measure : plans.measures)
    for (size_t h = 0; h < measure.blocks.size(); ++h) {
      const EpisodeFigure& figure = measure.blocks[h];
      slot_of(out, measure)[block_key(h)] = {{value_key(measure.group), number_or_null(figure.mean)},
                                             {"low", number_or_null(figure.low)},
                                             {"high", number_or_null(figure.high)},
                                             {"n", figure.n},
                                             {"episodes", figure.episodes}};
    }
  for (size_t h = 0; h < plans.chance.size(); ++h) out["retrieval"]["chance"][block_key(h)] = plans.chance[h];
  out["rank_chance"] = 0.5;
  out["remarks"] = plans.remarks;
  return out;
}

ordered_json rows_json(const OfflinePlans& plans) {
  ordered_json rows = ordered_json::array();
  for (size_t e = 0; e < plans.episodes.size(); ++e) {
    ordered_json row{{"episode", plans.episodes[e].episode}, {"starts", plans.episodes[e].starts}};
    for (const OfflineMeasure& measure : plans.measures)
      for (size_t h = 0; h < measure.episodes.size(); ++h)
        slot_of(row, measure)[block_key(h)] = number_or_null(measure.episodes[h][e]);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

ordered_json offline_json(const EvaluateRequest& request, const OfflineEvaluation& result) {
  std::vector<std::string> data;
  for (const auto& path : request.data) data.push_back(path.string());
  ordered_json out{{"protocol", "offline"},
                   {"model", request.model.string()},
                   {"data", data},
                   {"seed", request.options.seed},
                   {"held_out_episodes", result.held_out_episodes},
                   {"overlap", overlap_json(result.overlap)}};
  for (const auto& [name, value] : result.metrics) out[name] = value;
  out["offline"] = plans_json(result.plans);
  out["episodes"] = rows_json(result.plans);
  return out;
}

}  // namespace foresee
