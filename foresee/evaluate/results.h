#pragma once

#include <functional>
#include <nlohmann/json.hpp>
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

/// Evaluates by a protocol that plays no trials, with its place claimed before, and writes results.json where one is
/// asked for. @param found  makes the result. @param add  adds what else the file holds, before "result", and further
/// files to the folder, which it names in the member "files"; not called where nothing is written.
EvaluateResult evaluated_once(
    const EvaluateRequest& request, const std::function<EvaluateResult()>& found,
    const std::function<void(const std::filesystem::path& folder, nlohmann::ordered_json& results)>& add = {});

/// @throws Interrupted where a stop is asked for: a part of the clips has no score.
void stop_where_asked(const JobControl& control);

}  // namespace foresee
