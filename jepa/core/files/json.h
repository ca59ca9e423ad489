#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foresee {

// Note [JSON]
// All JSON from outside (files, lines of a file, a program's answers, --set) is read here. The text is measured before
// anything is built: functions that copy, compare or print a value call themselves once a level, so a deep value would
// use up the stack; and a value of two bytes takes fifty in memory. What is read is then taken with JsonView, whose
// messages name the file, the key, what was expected and what was found.

/// What a text may hold.
struct JsonLimits {
  int64_t depth = 200;         // lists and objects inside each other
  int64_t values = 4'000'000;  // of all kinds, at all depths: at most some 400 MB
  int64_t bytes = 128 << 20;
};

/// Reads one text. @param where  what messages call it, for example a path.
/// @throws DataError naming line and column: no JSON, text that is not UTF-8, a number that no double holds, more than
/// the limits.
nlohmann::json parse_json(std::string_view text, const std::string& where, const JsonLimits& limits = {});
/// The same, with the keys of objects in the order of the text.
nlohmann::ordered_json parse_ordered_json(std::string_view text, const std::string& where,
                                          const JsonLimits& limits = {});
/// The same of a file. @throws DataError; Error where the file cannot be read.
nlohmann::json read_json(const std::filesystem::path& path);
nlohmann::ordered_json read_ordered_json(const std::filesystem::path& path);
/// Nothing where the text is no JSON (a torn line). @throws DataError beyond the limits.
std::optional<nlohmann::json> try_parse_json(std::string_view text, const std::string& where);
std::optional<nlohmann::ordered_json> try_parse_ordered_json(std::string_view text, const std::string& where);

/// Throws DataError on a text that would go beyond the limits; builds nothing.
void check_json_limits(std::string_view text, const std::string& where, const JsonLimits& limits = {});

bool is_utf8(std::string_view text);

/// A value for a message: its JSON, cut to some 80 characters; "an object" or "a list" where it is large.
template <class Json>
std::string short_json(const Json& value);

/// A whole number that fits int64_t, also where it is written as 1e5.
template <class Json>
std::optional<int64_t> whole_number(const Json& value);

/// Values of one object, each checked as it is taken. `Json` is nlohmann::json or ordered_json.
/// Every function throws DataError "WHERE: KEY: expected X, got Y"; those with a fallback take it where the key is
/// absent or null.
template <class Json>
class JsonView {
 public:
  /// @param object  must outlive this. @param where  what messages call it. @throws DataError where it is no object.
  JsonView(const Json& object, std::string where);

  bool has(const std::string& key) const;  // there and not null
  const Json& at(const std::string& key) const;
  JsonView object(const std::string& key) const;
  const Json& list(const std::string& key) const;

  int64_t integer(const std::string& key, int64_t low = std::numeric_limits<int64_t>::min(),
                  int64_t high = std::numeric_limits<int64_t>::max()) const;
  int64_t integer_or(const std::string& key, int64_t fallback, int64_t low = std::numeric_limits<int64_t>::min(),
                     int64_t high = std::numeric_limits<int64_t>::max()) const;
  double number(const std::string& key) const;
  double number_or(const std::string& key, double fallback) const;
  bool truth_or(const std::string& key, bool fallback) const;
  std::string text(const std::string& key) const;
  std::string text_or(const std::string& key, const std::string& fallback) const;
  std::vector<int64_t> integers(const std::string& key) const;
  std::vector<double> numbers(const std::string& key) const;
  std::vector<std::string> texts(const std::string& key) const;

  const std::string& where() const { return where_; }

 private:
  [[noreturn]] void refuse(const std::string& key, const char* expected, const Json& found) const;

  const Json* object_;
  std::string where_;
};

}  // namespace foresee
