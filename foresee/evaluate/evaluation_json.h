#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foresee/evaluate.h"

namespace foresee {

/// An evaluation as JSON: in an environment closed_loop_json(); a sweep has one such object for each value, and "flags"
/// over all of them; "generalisation" is there where it is known. The other protocols have their own members, made
/// beside them.
nlohmann::ordered_json evaluation_json(const EvaluateRequest& request, const EvaluateResult& result);

}  // namespace foresee
