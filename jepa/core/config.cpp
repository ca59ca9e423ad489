#include "jepa/core/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "jepa/core/error.h"
#include "jepa/core/files/json.h"
#include "jepa/core/text/name_list.h"
#include "jepa/core/text/printable.h"

namespace foresee {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

template <class T>
constexpr const char* kTypeName = "value";
template <>
constexpr const char* kTypeName<bool> = "true or false";
template <>
constexpr const char* kTypeName<int64_t> = "a whole number";
template <>
constexpr const char* kTypeName<double> = "a number";
template <>
constexpr const char* kTypeName<std::string> = "a string";

std::string range_text(Range range) {
  const bool low = std::isfinite(range.low), high = std::isfinite(range.high);
  if (low && high) return fmt::format("{:g} .. {:g}", range.low, range.high);
  if (low) return fmt::format(">= {:g}", range.low);
  if (high) return fmt::format("<= {:g}", range.high);
  return {};
}

/// Reads an object key by key and reports what is left over.
class Reader : public Fields {
 public:
  Reader(const json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) fail<ConfigError>("{}: expected an object {{...}}, got {}", where_, object.type_name());
  }

  void check_unknown() const {
    std::vector<std::string> known(known_.begin(), known_.end());
    for (const auto& item : object_.items())
      if (!known_.contains(item.key()))
        fail<ConfigError>("{}: unknown key '{}'{}", where_, item.key(), suggestion(item.key(), known));
  }

 protected:
  void value(std::string_view key, FieldRef field, std::string_view, Range range,
             std::span<const std::string_view> names) override {
    known_.emplace(key);
    const auto found = object_.find(std::string(key));
    if (found == object_.end()) return;
    std::visit([&](auto* target) { assign(std::string(key), *found, *target, range); }, field);
    if (names.empty()) return;
    const auto& name = *std::get<std::string*>(field);
    if (std::find(names.begin(), names.end(), name) != names.end()) return;
    std::vector<std::string> known(names.begin(), names.end());
    fail<ConfigError>("{}.{}: unknown value '{}'{}", where_, key, name, suggestion(name, known));
  }

  void group(std::string_view key, std::string_view, const std::function<void(Fields&)>& members) override {
    known_.emplace(key);
    const auto found = object_.find(std::string(key));
    if (found == object_.end()) return;
    Reader inner(*found, fmt::format("{}.{}", where_, key));
    members(inner);
    inner.check_unknown();
  }

  void validated(const std::function<void()>& check) override { check(); }

 private:
  template <class T>
  void assign(const std::string& key, const json& source, T& target, Range range) {
    if constexpr (std::is_same_v<T, bool>) {
      if (!source.is_boolean()) wrong_type<T>(key, source);
      target = source.get<bool>();
    } else if constexpr (std::is_same_v<T, int64_t>) {
      const auto whole = whole_number(source);
      if (!whole) wrong_type<T>(key, source);
      target = *whole;
      in_range(key, static_cast<double>(target), range);
    } else if constexpr (std::is_same_v<T, double>) {
      if (!source.is_number()) wrong_type<T>(key, source);
      target = source.get<double>();
      in_range(key, target, range);
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (!source.is_string()) wrong_type<T>(key, source);
      target = source.get<std::string>();
    } else if constexpr (requires { target.push_back({}); }) {
      if (!source.is_array()) fail<ConfigError>("{}.{}: expected a list, got {}", where_, key, short_json(source));
      target.clear();
      for (const auto& element : source) {
        typename T::value_type item{};
        assign(key, element, item, range);
        target.push_back(std::move(item));
      }
    } else {  // optional
      if (source.is_null()) {
        target.reset();
        return;
      }
      typename T::value_type item{};
      assign(key, source, item, range);
      target = std::move(item);
    }
  }

  template <class T>
  [[noreturn]] void wrong_type(const std::string& key, const json& source) {
    fail<ConfigError>("{}.{}: expected {}, got {}", where_, key, kTypeName<T>, short_json(source));
  }

  void in_range(const std::string& key, double value, Range range) {
    if (value >= range.low && value <= range.high) return;
    fail<ConfigError>("{}.{}: expected {}, got {:g}", where_, key, range_text(range), value);
  }

  const json& object_;
  std::string where_;
  std::set<std::string> known_;
};

class Writer : public Fields {
 public:
  ordered_json object = ordered_json::object();

 protected:
  void value(std::string_view key, FieldRef field, std::string_view, Range,
             std::span<const std::string_view>) override {
    std::visit(
        [&](auto* source) {
          using T = std::decay_t<decltype(*source)>;
          auto& target = object[std::string(key)];
          if constexpr (requires { source->has_value(); }) {
            if (source->has_value()) target = **source;
          } else {
            target = static_cast<const T&>(*source);
          }
        },
        field);
  }

  void group(std::string_view key, std::string_view, const std::function<void(Fields&)>& members) override {
    Writer inner;
    members(inner);
    object[std::string(key)] = std::move(inner.object);
  }
};

class Lister : public Fields {
 public:
  Lister(std::vector<ConfigRow>& rows, std::string prefix) : rows_(rows), prefix_(std::move(prefix)) {}

 protected:
  void value(std::string_view key, FieldRef field, std::string_view doc, Range range,
             std::span<const std::string_view> names) override {
    Writer writer;
    Fields& fields = writer;
    std::visit([&](auto* source) { fields("v", *source, ""); }, field);
    const std::string allowed = names.empty() ? range_text(range) : fmt::format("{}", fmt::join(names, ", "));
    rows_.push_back({prefix_ + std::string(key), writer.object["v"].dump(), allowed, std::string(doc)});
  }

  void group(std::string_view key, std::string_view, const std::function<void(Fields&)>& members) override {
    Lister inner(rows_, prefix_ + std::string(key) + ".");
    members(inner);
  }

 private:
  std::vector<ConfigRow>& rows_;
  std::string prefix_;
};

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

void read_config(const json& object, const std::string& where, const std::function<void(Fields&)>& members) {
  Reader reader(object, where);
  members(reader);
  reader.check_unknown();
}

ordered_json write_config(const std::function<void(Fields&)>& members) {
  Writer writer;
  members(writer);
  return std::move(writer.object);
}

std::vector<ConfigRow> config_rows(const std::function<void(Fields&)>& members) {
  std::vector<ConfigRow> rows;
  Lister lister(rows, "");
  members(lister);
  return rows;
}

void apply_override(json& object, const std::string& assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0)
    fail<ConfigError>("setting '{}': expected KEY=VALUE, for example planner.samples=100", assignment);
  if (!is_utf8(assignment)) fail<ConfigError>("setting '{}': expected UTF-8, got other bytes", printable(assignment));
  const std::string path = assignment.substr(0, equals), text = assignment.substr(equals + 1);
  constexpr int64_t kDeepest = 20;  // no config has so many groups inside each other
  if (std::count(path.begin(), path.end(), '.') > kDeepest)
    fail<ConfigError>("setting: expected a key of at most {} parts, got {}...", kDeepest, path.substr(0, 40));
  json* target = &object;
  for (size_t begin = 0;;) {
    const auto dot = path.find('.', begin);
    const std::string key = path.substr(begin, dot == std::string::npos ? dot : dot - begin);
    if (!target->is_object() && !target->is_null())
      fail<ConfigError>("setting '{}': '{}' is a value, not a group of keys", assignment,
                        path.substr(0, begin ? begin - 1 : 0));
    target = &(*target)[key];
    if (dot == std::string::npos) break;
    begin = dot + 1;
  }
  std::optional<json> value;
  try {
    value = try_parse_json(text, "--set " + path);
  } catch (const DataError& error) {
    fail<ConfigError>("{}", error.what());
  }
  *target = value ? std::move(*value) : json(text);
}

void merge_config(json& object, const json& patch) {
  if (!patch.is_object() || !object.is_object()) {
    object = patch;
    return;
  }
  for (const auto& [key, value] : patch.items()) merge_config(object[key], value);
}

std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> candidates) {
  std::optional<std::string> nearest;
  size_t best = std::max<size_t>(2, name.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const size_t distance = edit_distance(name, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string suggestion(std::string_view name, std::span<const std::string> candidates) {
  if (const auto nearest = nearest_name(name, candidates)) return fmt::format("; did you mean '{}'?", *nearest);
  return candidates.empty() ? std::string() : "; known: " + name_list(candidates, 30);
}

}  // namespace foresee
