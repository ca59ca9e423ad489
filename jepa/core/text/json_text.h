#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace foresee {

/// JSON as text, in which strings that are not UTF-8 (names of files are bytes) are written as valid_utf8() shows them,
/// and without control characters (json_without_controls).
/// @param indent  spaces per level; -1: one line.
std::string json_text(const nlohmann::ordered_json& value, int indent = -1);

}  // namespace foresee
