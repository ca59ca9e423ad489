#include "foresee/settings/agree.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "foresee/request_error.h"
#include "jepa/core/text/json_text.h"

namespace foresee {

void agree(nlohmann::json& settings, const std::string& key, const nlohmann::json& asked, const std::string& member) {
  if (asked.is_null()) return;
  const auto found = settings.find(key);
  // As text: a path that is not UTF-8 stands escaped in the config of a run.
  if (found != settings.end() && *found != asked && json_text(*found) != json_text(asked))
    throw RequestError(member, fmt::format("{} is {}, and the settings say {} = {}; leave one of them out", member,
                                           json_text(asked), key, json_text(*found)));
  settings[key] = asked;
}

}  // namespace foresee
