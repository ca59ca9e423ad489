#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foresee/settings.h"

namespace foresee {

/// `defaults`, the config file and every assignment, laid over each other. Strict reading is up to parse_config.
nlohmann::json settings_json(const nlohmann::json& defaults, const Settings& settings);

}  // namespace foresee
