#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace foresee {

/// Lays what a member of a request says over the settings, under the settings' own key for it.
/// @param asked  null: the request says nothing. @throws RequestError naming the member where both say something else.
void agree(nlohmann::json& settings, const std::string& key, const nlohmann::json& asked, const std::string& member);

}  // namespace foresee
