#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "foresee/settings.h"

namespace foresee {

/// `defaults`, the config file and every assignment, laid over each other. Strict reading is up to parse_config.
nlohmann::json settings_json(const nlohmann::json& defaults, const Settings& settings);

/// What messages about the keys of a job call them: "eval", or "FILE: eval" where a file holds them.
std::string settings_place(const Settings& settings, const std::string& job);

}  // namespace foresee
