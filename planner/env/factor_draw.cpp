#include "planner/env/factor_draw.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "jepa/core/error.h"
#include "jepa/core/files/json.h"
#include "jepa/core/random.h"

namespace foresee::planner {
namespace {

using nlohmann::json;

/// The factors that one's own program is told of, and that nobody here knows.
constexpr std::string_view kFree = "process.variation.";

/// What a config says of one of its keys.
struct Factor {
  json value;  // the present one
  Range range;
  std::vector<std::string> names{};
  bool whole = false;  // of whole numbers
};

/// Gathers the keys of an environment.
class FactorList final : public Fields {
 public:
  std::map<std::string, Factor> found;

 protected:
  void value(std::string_view key, FieldRef field, std::string_view, Range range,
             std::span<const std::string_view> names) override {
    Factor factor{.value = nullptr, .range = range, .names = {names.begin(), names.end()}};
    std::visit(
        [&](auto* source) {
          using T = std::decay_t<decltype(*source)>;
          factor.whole = std::is_same_v<T, int64_t> || std::is_same_v<T, std::vector<int64_t>>;
          if constexpr (requires { source->has_value(); }) {
            if (source->has_value()) factor.value = **source;
          } else {
            factor.value = static_cast<const T&>(*source);
          }
        },
        field);
    found[std::string(key)] = std::move(factor);
  }
  void group(std::string_view, std::string_view, const std::function<void(Fields&)>&) override {}
};

/// The environment's name in front of the first dot. @throws ConfigError without a dot.
std::pair<std::string, std::string> split_key(const std::string& key) {
  const auto dot = key.find('.');
  if (dot == std::string::npos || dot + 1 == key.size())
    fail<ConfigError>("factor '{}': expected ENVIRONMENT.FACTOR like two_room.door_position", key);
  return {key.substr(0, dot), key.substr(dot + 1)};
}

bool is_free(const std::string& key) { return key.starts_with(kFree) && key.size() > kFree.size(); }

/// The factor of a key; nothing is known of free ones. @throws ConfigError with the nearest name.
Factor factor_of(const std::string& key, const EnvConfig& variation) {
  if (is_free(key)) return {};
  const auto [env, name] = split_key(key);
  const auto environments = names_of(variation.environments());
  if (std::find(environments.begin(), environments.end(), env) == environments.end())
    fail<ConfigError>("factor '{}': unknown environment '{}'{}", key, env, suggestion(env, environments));
  FactorList list;
  const auto factors = variation.factors(env).clone();
  factors->list(list);
  const auto found = list.found.find(name);
  if (found != list.found.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [other, factor] : list.found) known.push_back(other);
  fail<ConfigError>("factor '{}': {} has no factor '{}'{}", key, env, name, suggestion(name, known));
}

/// The program's own factors travel as one text. @param process  settings of the group "process", null or an object.
void tell(json& process, const std::string& key, const json& value, const EnvConfig& variation) {
  if (!process.is_null() && !process.is_object())
    fail<ConfigError>("factor '{}': world.process is a value, not a group of keys", key);
  if (!process.contains("variation")) {
    FactorList list;
    const auto factors = variation.factors("process").clone();
    factors->list(list);
    process["variation"] = list.found.at("variation").value;
  }
  // Settings may say it as JSON, too: the strict reader refuses what is neither.
  const json& before = process["variation"];
  const std::string text = before.is_string() ? before.get<std::string>() : before.dump();
  json told = text.empty() ? json::object() : try_parse_json(text, key).value_or(json());
  if (!told.is_object()) fail<ConfigError>("factor '{}': variation is no JSON object: '{}'", key, text);
  told[key.substr(kFree.size())] = value;
  process["variation"] = told.dump();
}

/// Lays values over the factors. @throws ConfigError from the strict reader.
EnvConfig laid_over(const std::vector<std::pair<std::string, json>>& values, const EnvConfig& variation) {
  json object = json::object();
  for (const auto& [key, value] : values) {
    const auto [env, name] = split_key(key);
    if (!is_free(key)) {
      object[env][name] = value;
      continue;
    }
    tell(object[env], key, value, variation);
  }
  return parse_config<EnvConfig>(object, "world", variation);
}

/// A number as the factor has it.
json number_of(double value, bool whole) {
  return whole && value == std::floor(value) ? json(static_cast<int64_t>(value)) : json(value);
}

json name_value(const std::string& name) {
  return name == "true" || name == "false" ? json(name == "true") : json(name);
}

/// One of the options; `pick` chooses a number of each range.
json value_of_option(const FactorOption& option, const Factor& factor,
                     const std::function<double(const FactorInterval&, bool whole)>& pick) {
  if (option.numbers.empty()) return name_value(option.text);
  const bool free = factor.value.is_null();
  const auto number = [&](const FactorInterval& interval) {
    const bool whole = free ? interval.whole : factor.whole;
    return number_of(pick(interval, whole), whole);
  };
  json list = json::array();
  if (option.list) {
    for (const auto& interval : option.numbers) list.push_back(number(interval));
    return list;
  }
  const json value = number(option.numbers.front());
  if (!factor.value.is_array()) return value;
  for (size_t i = 0; i < factor.value.size(); ++i) list.push_back(value);
  return list;
}

/// All that the environment allows, as options. @throws ConfigError where it names no bounds.
std::vector<FactorOption> all_options(const std::string& key, const Factor& factor) {
  std::vector<FactorOption> options;
  for (const auto& name : factor.names) options.push_back({.text = name});
  if (factor.value.is_boolean()) options = {{.text = "false"}, {.text = "true"}};
  if (!options.empty()) return options;
  const FactorInterval all{factor.range.low, factor.range.high, factor.whole};
  if (!std::isfinite(all.low) || !std::isfinite(all.high))
    fail<ConfigError>("factor '{}': the environment names no bounds: give a range in place of 'any'", key);
  const size_t numbers = factor.value.is_array() ? factor.value.size() : 1;
  return {{.text = "any", .numbers = std::vector<FactorInterval>(numbers, all), .list = factor.value.is_array()}};
}

std::vector<double> numbers_of(const json& value, const Factor& factor, const std::string& key) {
  if (value.is_boolean()) return {value.get<bool>() ? 1.0 : 0.0};
  if (value.is_number()) return {value.get<double>()};
  if (value.is_array()) return value.get<std::vector<double>>();
  const auto place = std::find(factor.names.begin(), factor.names.end(), value.get<std::string>());
  if (place == factor.names.end())
    fail<ConfigError>("factor '{}': '{}' cannot be a number in a column: draw numbers", key, value.get<std::string>());
  return {static_cast<double>(place - factor.names.begin())};
}

struct DrawnFactor {
  std::string key;
  Factor factor;
  std::vector<FactorOption> options;
};

/// The texts, read. @throws ConfigError.
std::vector<DrawnFactor> factors_of(const std::vector<std::string>& draw, const std::string& env,
                                    const EnvConfig& variation) {
  std::vector<DrawnFactor> factors;
  for (const auto& text : draw) {
    const FactorSpec spec = parse_factor_spec(text, "draw");
    DrawnFactor one{.key = spec.key, .factor = {}, .options = spec.options};
    one.factor = factor_of(one.key, variation);
    if (split_key(one.key).first != env)
      fail<ConfigError>("draw: '{}' is a factor of another environment than {}", spec.key, env);
    if (spec.any) one.options = all_options(one.key, one.factor);
    if (std::any_of(factors.begin(), factors.end(), [&](const auto& other) { return other.key == one.key; }))
      fail<ConfigError>("draw: '{}' is drawn twice", one.key);
    factors.push_back(std::move(one));
  }
  return factors;
}

}  // namespace

void check_draw(const std::vector<std::string>& draw, const std::string& env, const EnvConfig& variation) {
  for (const auto& one : factors_of(draw, env, variation))
    for (const auto& option : one.options)
      for (const bool high : {false, true}) {
        const json value =
            value_of_option(option, one.factor, [&](const FactorInterval& i, bool) { return high ? i.high : i.low; });
        laid_over({{one.key, value}}, variation);
        numbers_of(value, one.factor, one.key);
      }
}

DrawnScene draw_scene(const std::vector<std::string>& draw, const std::string& env, const EnvConfig& variation,
                      uint64_t seed, uint64_t id) {
  RandomSequence random(Random(seed, Stream::kFactors, id));
  const auto pick = [&](const FactorInterval& interval, bool whole) {
    if (interval.low == interval.high) return interval.low;
    if (!whole) return random.uniform(interval.low, interval.high);
    const double low = std::ceil(interval.low), count = std::floor(interval.high) - low + 1;
    return count < 1 ? interval.low : low + static_cast<double>(random.integer(static_cast<int64_t>(count)));
  };
  std::vector<std::pair<std::string, json>> drawn;
  FactorValues values;
  for (const auto& one : factors_of(draw, env, variation)) {
    const auto which = random.integer(static_cast<int64_t>(one.options.size()));
    const json value = value_of_option(one.options[static_cast<size_t>(which)], one.factor, pick);
    values.emplace_back(one.key, numbers_of(value, one.factor, one.key));
    drawn.emplace_back(one.key, value);
  }
  return {laid_over(drawn, variation), std::move(values)};
}

EnvConfig with_factors(const FactorValues& values, const std::string& env, const EnvConfig& variation) {
  std::vector<std::pair<std::string, json>> laid;
  for (const auto& [key, numbers] : values) {
    if (split_key(key).first != env || numbers.empty()) continue;
    const Factor factor = factor_of(key, variation);
    json value;
    if (factor.value.is_array() || (factor.value.is_null() && numbers.size() > 1)) {
      value = json::array();
      for (const double number : numbers) value.push_back(number_of(number, factor.whole));
    } else if (factor.value.is_boolean()) {
      value = numbers.front() != 0;
    } else if (factor.value.is_string()) {
      const auto place = static_cast<size_t>(std::max(0.0, numbers.front()));
      if (place >= factor.names.size())
        fail<ConfigError>("factor '{}': {} names are known, the data hold number {}", key, factor.names.size(), place);
      value = factor.names[place];
    } else {
      value = number_of(numbers.front(), factor.whole);
    }
    laid.emplace_back(key, value);
  }
  return laid_over(laid, variation);
}

std::vector<double> factor_value(const std::string& key, const std::string& value, const EnvConfig& variation) {
  const FactorSpec spec = parse_factor_spec(key + "=" + value, "vary");
  if (spec.options.size() != 1) fail<ConfigError>("vary: expected one value of '{}', got {}", key, value);
  const Factor factor = factor_of(spec.key, variation);
  const json one =
      value_of_option(spec.options.front(), factor, [](const FactorInterval& interval, bool) { return interval.low; });
  laid_over({{spec.key, one}}, variation);
  return numbers_of(one, factor, spec.key);
}

void set_factor(json& world, const std::string& key, const std::string& value, const EnvConfig& variation) {
  const Factor factor = factor_of(key, variation);
  if (is_free(key)) {
    if (!world.is_null() && !world.is_object())
      fail<ConfigError>("factor '{}': world is a value, not a group of keys", key);
    const FactorSpec spec = parse_factor_spec(key + "=" + value, "vary");
    if (spec.options.size() != 1) fail<ConfigError>("vary: expected one value of '{}', got {}", key, value);
    const auto low = [](const FactorInterval& interval, bool) { return interval.low; };
    tell(world["process"], key, value_of_option(spec.options.front(), factor, low), variation);
    return;
  }
  std::string text = value;
  if (factor.value.is_array() && !value.starts_with("[")) {
    text.clear();
    for (size_t i = 0; i < factor.value.size(); ++i) text += (i == 0 ? "[" : ",") + value;
    text += "]";
  }
  apply_override(world, key + "=" + text);
}

}  // namespace foresee::planner
