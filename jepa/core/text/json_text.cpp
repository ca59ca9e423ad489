#include "jepa/core/text/json_text.h"

#include <nlohmann/json.hpp>

#include "jepa/core/text/printable.h"

namespace foresee {
namespace {

using nlohmann::ordered_json;

ordered_json with_valid_strings(const ordered_json& value) {
  if (value.is_string()) return valid_utf8(value.get_ref<const std::string&>());
  if (value.is_array()) {
    ordered_json out = ordered_json::array();
    for (const auto& element : value) out.push_back(with_valid_strings(element));
    return out;
  }
  if (!value.is_object()) return value;
  ordered_json out = ordered_json::object();
  for (const auto& [key, element] : value.items()) out[valid_utf8(key)] = with_valid_strings(element);
  return out;
}

}  // namespace

std::string json_text(const ordered_json& value, int indent) {
  try {
    return json_without_controls(value.dump(indent));
  } catch (const ordered_json::type_error&) {  // 316: a string is not UTF-8
    return json_without_controls(with_valid_strings(value).dump(indent));
  }
}

}  // namespace foresee
