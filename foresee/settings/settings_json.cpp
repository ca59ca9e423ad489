#include "foresee/settings/settings_json.h"

#include <nlohmann/json.hpp>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/json.h"

namespace foresee {

nlohmann::json settings_json(const nlohmann::json& defaults, const Settings& settings) {
  nlohmann::json object = defaults.is_null() ? nlohmann::json::object() : defaults;
  if (settings.config) {
    const auto given = read_json(*settings.config);
    if (!given.is_object())
      fail<ConfigError>("{}: expected an object {{...}}, got {}", settings.config->string(), short_json(given));
    merge_config(object, given);
  }
  for (const auto& assignment : settings.set) apply_override(object, assignment);
  return object;
}

std::string settings_place(const Settings& settings, const std::string& job) {
  if (!settings.config) return job;
  return fmt::format("{}{}: {}", settings.config->string(), settings.set.empty() ? "" : " and single keys", job);
}

}  // namespace foresee
