#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tools/report/document.h"

namespace foresee::report {

/// A section per factor of protocol features: what probes read from the model, beside random weights and pixels.
/// @param result  foresee::features_json. @throws Error where it is none.
void add_features(Report& report, const nlohmann::ordered_json& result);

}  // namespace foresee::report
