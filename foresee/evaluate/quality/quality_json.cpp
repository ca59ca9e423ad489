#include <cmath>
#include <nlohmann/json.hpp>

#include "foresee/evaluate/closed_loop.h"
#include "foresee/evaluate/quality/evaluate_quality.h"

namespace foresee {
namespace {

using nlohmann::ordered_json;

ordered_json number_json(double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(); }

ordered_json factor_json(const std::optional<double>& value) { return value ? number_json(*value) : ordered_json(); }

ordered_json numbers_json(const std::vector<double>& values) {
  if (values.size() == 1) return number_json(values.front());
  ordered_json out = ordered_json::array();
  for (const double value : values) out.push_back(number_json(value));
  return out;
}

}  // namespace

ordered_json quality_json(const EvaluateRequest& request, const QualityEvaluation& result) {
  std::vector<std::string> data;
  for (const auto& path : request.data) data.push_back(path.string());
  ordered_json out{{"protocol", "quality"},
                   {"model", request.model.string()},
                   {"data", data},
                   {"env", result.env.empty() ? ordered_json() : ordered_json(result.env)},
                   {"seed", request.options.seed},
                   {"episodes", result.episodes},
                   {"held_out_episodes", result.held_out_episodes},
                   {"overlap", overlap_json(result.overlap)},
                   {"rows", result.rows},
                   {"history", result.history},
                   {"horizon", result.horizon},
                   {"viscore",
                    {{"score", factor_json(result.score)},
                     {"veracity", factor_json(result.veracity)},
                     {"influence", factor_json(result.influence)},
                     {"sobriety", factor_json(result.sobriety)},
                     {"abstained", result.abstained}}}};
  for (const auto& [name, value] : result.viscore) out["viscore"][name] = number_json(value);
  for (const auto& [name, value] : result.numbers) out[name] = number_json(value);
  for (const auto& group : result.groups) {
    out[group.name] = ordered_json::object();
    for (const auto& [name, values] : group.numbers) out[group.name][name] = numbers_json(values);
  }
  out["flags"] = flags_json(result.flags);
  return out;
}

}  // namespace foresee
