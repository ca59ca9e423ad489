#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "foresee/evaluate.h"
#include "jepa/core/files/output.h"

namespace foresee {

/// Refuses members that a protocol does not use. @param used  those of "env", "data", "methods", "all_baselines",
/// "allow_overlap", "episodes", "vary", "draw" and "settings" that it does. @throws RequestError with the member.
void refuse_unused(const EvaluateRequest& request, const std::string& protocol, const std::vector<std::string>& used);

/// The folder of the results, claimed before the work; nothing where none is asked for. @throws as Output::folder.
std::optional<Output> claim_results(const EvaluateRequest& request);

/// Writes results.json of a protocol that plays no trials, and names the folder in `result`. Without a place: nothing.
/// @param found  what stands between "made_by" and "interrupted": {"result": ...}.
void write_results(std::optional<Output>& place, const EvaluateRequest& request, const nlohmann::ordered_json& found,
                   EvaluateResult& result);

/// @throws Interrupted where a stop is asked for: a part of the clips has no score.
void stop_where_asked(const JobControl& control);

}  // namespace foresee
