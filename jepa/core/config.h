#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// Note [Configs]
// A config is a plain struct with defaults, and one free function beside it that lists its keys:
//
//   struct CemConfig {
//     int64_t samples = 300;
//     double init_std = 1.0;
//   };
//   inline void describe(Fields& f, CemConfig& c) {
//     f("samples", c.samples, "candidates an iteration", {1});
//     f("init_std", c.init_std, "standard deviation of the first iteration, normalised actions", {0});
//   }
//
// From that list come the strict reader (an unknown key is an error with the nearest known name), the writer that puts
// the resolved config into every run and model folder, and the table of `foresee config`. A struct may also have a
// member `void validate() const` for rules between keys; the reader calls it.

namespace foresee {

/// Closed interval of allowed values of a number, or of every element of a list.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

using FieldRef = std::variant<bool*, int64_t*, double*, std::string*, std::vector<int64_t>*, std::vector<double>*,
                              std::vector<std::string>*, std::optional<int64_t>*, std::optional<double>*,
                              std::optional<std::string>*>;

class Fields;
template <class T>
concept ConfigStruct = requires(Fields& fields, T& config) {
  describe(fields, config);
};

/// Visitor of a config's keys; see Note [Configs].
class Fields {
 public:
  virtual ~Fields() = default;

  /// One key with a value of a type of FieldRef, or a nested config (a struct with its own `describe`).
  template <class T>
  void operator()(std::string_view key, T& field, std::string_view doc, Range range = {}) {
    if constexpr (ConfigStruct<T>) {
      group(key, doc, [&](Fields& inner) { describe(inner, field); });
      if constexpr (requires { field.validate(); }) validated([&] { field.validate(); });
    } else {
      value(key, FieldRef(&field), doc, range, {});
    }
  }

  /// A key whose value is one of the listed names.
  void choice(std::string_view key, std::string& field, std::span<const std::string_view> names, std::string_view doc) {
    value(key, FieldRef(&field), doc, {}, names);
  }

  /// A key whose value is an enum, written as the name beside it.
  template <class E, size_t N>
  void choice(std::string_view key, E& field, const std::pair<E, std::string_view> (&table)[N], std::string_view doc) {
    std::string name;
    std::vector<std::string_view> names;
    for (const auto& [value, text] : table) {
      names.push_back(text);
      if (value == field) name = text;
    }
    choice(key, name, names, doc);
    for (const auto& [value, text] : table)
      if (text == name) field = value;
  }

 protected:
  virtual void value(std::string_view key, FieldRef field, std::string_view doc, Range range,
                     std::span<const std::string_view> names) = 0;
  virtual void group(std::string_view key, std::string_view doc, const std::function<void(Fields&)>& members) = 0;
  virtual void validated(const std::function<void()>& check) { (void)check; }
};

/// Where each key is read from JSON. @throws ConfigError on an unknown key, a wrong type or a value out of range.
/// @param where  what messages call the object, for example "config.json: model".
void read_config(const nlohmann::json& object, const std::string& where, const std::function<void(Fields&)>& members);
nlohmann::ordered_json write_config(const std::function<void(Fields&)>& members);

/// A T from a JSON object; absent keys keep their defaults. @throws ConfigError as read_config, and what validate()
/// throws.
template <ConfigStruct T>
T parse_config(const nlohmann::json& object, const std::string& where, T config = {}) {
  read_config(object, where, [&](Fields& fields) { describe(fields, config); });
  if constexpr (requires { config.validate(); }) config.validate();
  return config;
}

/// Every key of `config` with its value, nested as the structs are.
template <ConfigStruct T>
auto config_json(T config) {  // nlohmann::ordered_json, which is only declared here
  return write_config([&](Fields& fields) { describe(fields, config); });
}

/// One row of the table that `foresee config` prints.
struct ConfigRow {
  std::string key;      // dotted path
  std::string value;    // the default, as JSON
  std::string allowed;  // range or names; empty: anything
  std::string doc;
};
std::vector<ConfigRow> config_rows(const std::function<void(Fields&)>& members);

/// Applies `--set a.b=c` to a JSON object: c is read as JSON where it parses, else as a string.
/// The strict reader then checks key and type. @throws ConfigError without '=' or where a.b runs through a non-object.
void apply_override(nlohmann::json& object, const std::string& assignment);

/// Lays `patch` over `object`, object by object (RFC 7396 without deletion).
void merge_config(nlohmann::json& object, const nlohmann::json& patch);

/// The nearest of `candidates` to `name` by edit distance, or nothing where none is near.
std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> candidates);

/// "; did you mean 'X'?" or, where nothing is near, "; known: A, B, C".
std::string suggestion(std::string_view name, std::span<const std::string> candidates);

}  // namespace foresee
