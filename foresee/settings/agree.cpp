#include "foresee/settings/agree.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "foresee/request_error.h"

namespace foresee {

void agree(nlohmann::json& settings, const std::string& key, const nlohmann::json& asked, const std::string& member) {
  if (asked.is_null()) return;
  const auto found = settings.find(key);
  if (found != settings.end() && *found != asked)
    throw RequestError(member, fmt::format("{} is {}, and the settings say {} = {}; leave one of them out", member,
                                           asked.dump(), key, found->dump()));
  settings[key] = asked;
}

}  // namespace foresee
