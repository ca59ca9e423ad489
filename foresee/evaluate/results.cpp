#include "foresee/evaluate/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "foresee/evaluate/evaluation_json.h"
#include "foresee/settings/job_output.h"
#include "foresee/settings/provenance.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/interrupted.h"

namespace foresee {

void refuse_unused(const EvaluateRequest& request, const std::string& protocol, const std::vector<std::string>& used) {
  const std::pair<const char*, bool> members[] = {
      {"env", request.env.has_value()},
      {"data", !request.data.empty()},
      {"methods", request.methods.has_value()},
      {"all_baselines", request.all_baselines},
      {"allow_overlap", request.allow_overlap},
      {"episodes", request.episodes.has_value()},
      {"vary", request.vary.has_value()},
      {"draw", !request.draw.empty()},
      {"video", request.video.has_value()},
      {"settings", request.options.settings.config.has_value() || !request.options.settings.set.empty()}};
  for (const auto& [member, given] : members)
    if (given && std::find(used.begin(), used.end(), member) == used.end())
      throw RequestError(member, fmt::format("eval: protocol {} does not use '{}': leave it out", protocol, member));
}

std::optional<Output> claim_results(const EvaluateRequest& request) {
  if (!request.out) return std::nullopt;
  std::vector<std::filesystem::path> inputs = request.data;
  inputs.push_back(request.model);
  return std::optional<Output>(Output::folder(*request.out, "evaluation", job_output(request.options, inputs)));
}

EvaluateResult evaluated_once(
    const EvaluateRequest& request, const std::function<EvaluateResult()>& found,
    const std::function<void(const std::filesystem::path& folder, nlohmann::ordered_json& results)>& add) {
  std::optional<Output> place = claim_results(request);
  EvaluateResult result = found();
  if (!place) return result;
  nlohmann::ordered_json out{{"made_by", provenance(request.model)}};
  out["files"] = nlohmann::ordered_json::array();
  std::filesystem::create_directories(place->staged());
  if (add) add(place->staged(), out);
  out["result"] = evaluation_json(request, result);
  out["interrupted"] = false;
  write_json(place->staged() / "results.json", out);
  place->commit();
  result.folder = place->path();
  return result;
}

void stop_where_asked(const JobControl& control) {
  if (control.stopping()) fail<Interrupted>("eval: interrupted; nothing was scored");
}

}  // namespace foresee
