#include "jepa/core/files/json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/text/printable.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// "line 3, column 14" of a byte.
std::string place_text(std::string_view text, size_t at) {
  const std::string_view before = text.substr(0, std::min(at, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t newline = before.rfind('\n');
  return fmt::format("line {}, column {}", line, before.size() - (newline == before.npos ? 0 : newline + 1) + 1);
}

/// One line of printable ASCII, cut to a length: the text comes from outside.
std::string shown(std::string_view text, size_t longest) {
  std::string out;
  for (const char c : text.substr(0, longest)) out += c >= ' ' && c <= '~' ? c : '?';
  return text.size() > longest ? out + "..." : out;
}

/// "[json.exception.parse_error.101] parse error at line 1, column 2: ..." -> the part that helps.
std::string reason_of(const json::exception& error, std::string_view text) {
  const std::string whole = error.what();
  const size_t bracket = whole.find("] ");
  const std::string reason = bracket == std::string::npos ? whole : whole.substr(bracket + 2);
  if (const auto* parse = dynamic_cast<const json::parse_error*>(&error)) {
    if (parse->id == 101) {
      const size_t begin = reason.find(": "), read = reason.find("; last read: ");
      const std::string cause = begin == std::string::npos ? reason : reason.substr(begin + 2, read - begin - 2);
      return fmt::format("parse error at {}: {}", place_text(text, parse->byte > 0 ? parse->byte - 1 : 0),
                         shown(cause, 200));
    }
    return shown(reason, 200);
  }
  // "number overflow parsing '1e999'"
  const size_t open = reason.find('\''), close = reason.rfind('\'');
  if (open != std::string::npos && close > open) {
    const std::string number = reason.substr(open + 1, close - open - 1);
    return fmt::format("{}: expected a number that a double holds, got {}", place_text(text, text.find(number)),
                       shown(number, 60));
  }
  return shown(reason, 200);
}

template <class Json>
Json parse_as(std::string_view text, const std::string& where, const JsonLimits& limits) {
  check_json_limits(text, where, limits);
  try {
    return Json::parse(text);
  } catch (const json::exception& error) {
    fail<DataError>("{}: not valid JSON: {}", where, reason_of(error, text));
  }
}

template <class Json>
std::optional<Json> try_parse_as(std::string_view text, const std::string& where) {
  check_json_limits(text, where, {});
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

template <class Json>
Json read_as(const fs::path& path) {
  const JsonLimits limits;
  std::error_code code;
  const auto bytes = fs::file_size(path, code);  // before it is read
  if (!code && bytes > static_cast<uintmax_t>(limits.bytes))
    fail<DataError>("{}: JSON of {} bytes, expected at most {}", path.string(), bytes, limits.bytes);
  return parse_as<Json>(read_file(path), path.string(), limits);
}

}  // namespace

void check_json_limits(std::string_view text, const std::string& where, const JsonLimits& limits) {
  if (text.size() > static_cast<size_t>(limits.bytes))
    fail<DataError>("{}: JSON of {} bytes, expected at most {}", where, text.size(), limits.bytes);
  int64_t depth = 0, values = 1;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      ++values;
      if (++depth > limits.depth)
        fail<DataError>("{}: nested too deeply: more than {} levels ({})", where, limits.depth, place_text(text, i));
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',') {
      ++values;
    }
    if (values > limits.values) fail<DataError>("{}: more than {} values", where, limits.values);
  }
}

json parse_json(std::string_view text, const std::string& where, const JsonLimits& limits) {
  return parse_as<json>(text, where, limits);
}
ordered_json parse_ordered_json(std::string_view text, const std::string& where, const JsonLimits& limits) {
  return parse_as<ordered_json>(text, where, limits);
}
json read_json(const fs::path& path) { return read_as<json>(path); }
ordered_json read_ordered_json(const fs::path& path) { return read_as<ordered_json>(path); }
std::optional<json> try_parse_json(std::string_view text, const std::string& where) {
  return try_parse_as<json>(text, where);
}
std::optional<ordered_json> try_parse_ordered_json(std::string_view text, const std::string& where) {
  return try_parse_as<ordered_json>(text, where);
}

bool is_utf8(std::string_view text) { return valid_utf8(text) == text; }

template <class Json>
std::string short_json(const Json& value) {
  constexpr size_t kLongest = 80, kMostElements = 20;
  if (value.is_structured()) {
    const bool flat = std::all_of(value.begin(), value.end(), [](const Json& part) { return part.is_primitive(); });
    if (!flat || value.size() > kMostElements)
      return fmt::format("{} of {}", value.is_array() ? "a list" : "an object", value.size());
  }
  if (value.is_string() && value.template get_ref<const std::string&>().size() > kLongest)
    return fmt::format("\"{}\"", shown(value.template get_ref<const std::string&>(), kLongest));
  const std::string text = value.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  return text.size() > kLongest ? shown(text, kLongest) : text;
}

template <class Json>
std::optional<int64_t> whole_number(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.template get<uint64_t>();
    if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
    return static_cast<int64_t>(number);
  }
  if (value.is_number_integer()) return value.template get<int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const auto number = value.template get<double>();  // 1e5 is a whole number to a person, and a float to JSON
  if (std::nearbyint(number) != number || std::abs(number) >= 0x1p63) return std::nullopt;
  return static_cast<int64_t>(number);
}

template <class Json>
JsonView<Json>::JsonView(const Json& object, std::string where) : object_(&object), where_(std::move(where)) {
  if (!object.is_object()) fail<DataError>("{}: expected an object {{...}}, got {}", where_, short_json(object));
}

template <class Json>
void JsonView<Json>::refuse(const std::string& key, const char* expected, const Json& found) const {
  fail<DataError>("{}: {}: expected {}, got {}", where_, key, expected, short_json(found));
}

template <class Json>
bool JsonView<Json>::has(const std::string& key) const {
  const auto found = object_->find(key);
  return found != object_->end() && !found->is_null();
}

template <class Json>
const Json& JsonView<Json>::at(const std::string& key) const {
  const auto found = object_->find(key);
  if (found == object_->end()) fail<DataError>("{}: no key '{}'", where_, key);
  return *found;
}

template <class Json>
JsonView<Json> JsonView<Json>::object(const std::string& key) const {
  return JsonView(at(key), fmt::format("{}: {}", where_, key));
}

template <class Json>
const Json& JsonView<Json>::list(const std::string& key) const {
  const Json& value = at(key);
  if (!value.is_array()) refuse(key, "a list", value);
  return value;
}

template <class Json>
int64_t JsonView<Json>::integer(const std::string& key, int64_t low, int64_t high) const {
  const Json& value = at(key);
  const auto number = whole_number(value);
  if (!number) refuse(key, "a whole number", value);
  if (*number < low || *number > high)
    fail<DataError>("{}: {}: expected {} .. {}, got {}", where_, key, low, high, *number);
  return *number;
}

template <class Json>
int64_t JsonView<Json>::integer_or(const std::string& key, int64_t fallback, int64_t low, int64_t high) const {
  return has(key) ? integer(key, low, high) : fallback;
}

template <class Json>
double JsonView<Json>::number(const std::string& key) const {
  const Json& value = at(key);
  if (!value.is_number()) refuse(key, "a number", value);
  return value.template get<double>();
}

template <class Json>
double JsonView<Json>::number_or(const std::string& key, double fallback) const {
  return has(key) ? number(key) : fallback;
}

template <class Json>
bool JsonView<Json>::truth_or(const std::string& key, bool fallback) const {
  if (!has(key)) return fallback;
  const Json& value = at(key);
  if (!value.is_boolean()) refuse(key, "true or false", value);
  return value.template get<bool>();
}

template <class Json>
std::string JsonView<Json>::text(const std::string& key) const {
  const Json& value = at(key);
  if (!value.is_string()) refuse(key, "a string", value);
  return value.template get<std::string>();
}

template <class Json>
std::string JsonView<Json>::text_or(const std::string& key, const std::string& fallback) const {
  return has(key) ? text(key) : fallback;
}

template <class Json>
std::vector<int64_t> JsonView<Json>::integers(const std::string& key) const {
  std::vector<int64_t> numbers;
  for (const Json& element : list(key)) {
    const auto number = whole_number(element);
    if (!number) refuse(key, "a list of whole numbers", element);
    numbers.push_back(*number);
  }
  return numbers;
}

template <class Json>
std::vector<double> JsonView<Json>::numbers(const std::string& key) const {
  std::vector<double> numbers;
  for (const Json& element : list(key)) {
    if (!element.is_number()) refuse(key, "a list of numbers", element);
    numbers.push_back(element.template get<double>());
  }
  return numbers;
}

template <class Json>
std::vector<std::string> JsonView<Json>::texts(const std::string& key) const {
  std::vector<std::string> texts;
  for (const Json& element : list(key)) {
    if (!element.is_string()) refuse(key, "a list of strings", element);
    texts.push_back(element.template get<std::string>());
  }
  return texts;
}

template class JsonView<json>;
template class JsonView<ordered_json>;
template std::string short_json(const json&);
template std::string short_json(const ordered_json&);
template std::optional<int64_t> whole_number(const json&);
template std::optional<int64_t> whole_number(const ordered_json&);

}  // namespace foresee
