#include "foresee/settings/settings_json.h"

#include <nlohmann/json.hpp>

#include "jepa/core/config.h"
#include "jepa/core/files/file.h"

namespace foresee {

nlohmann::json settings_json(const nlohmann::json& defaults, const Settings& settings) {
  nlohmann::json object = defaults.is_null() ? nlohmann::json::object() : defaults;
  if (settings.config) merge_config(object, read_json(*settings.config));
  for (const auto& assignment : settings.set) apply_override(object, assignment);
  return object;
}

}  // namespace foresee
