#include "jepa/core/text/factor_spec.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "jepa/core/error.h"

namespace foresee {
namespace {

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// "30" or "30..190"; nothing where it is neither.
std::optional<FactorInterval> interval_in(std::string_view text) {
  const auto dots = text.find("..");
  const std::string_view first = text.substr(0, dots);
  const std::string_view last = dots == std::string_view::npos ? first : text.substr(dots + 2);
  const auto low = number_in(first), high = number_in(last);
  if (!low || !high) return std::nullopt;
  const auto is_whole = [](double value) { return value == std::floor(value); };
  const bool fraction = first.find('.') != std::string_view::npos || last.find('.') != std::string_view::npos;
  return FactorInterval{*low, *high, !fraction && is_whole(*low) && is_whole(*high)};
}

/// The parts between commas outside of brackets. Nothing where brackets do not match.
std::optional<std::vector<std::string>> parts_of(std::string_view text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    depth += (c == '[') - (c == ']');
    if (depth < 0 || depth > 1) return std::nullopt;
    if (c == ',' && depth == 0)
      parts.emplace_back();
    else if (c != ' ')
      parts.back() += c;
  }
  if (depth != 0) return std::nullopt;
  return parts;
}

FactorOption option_of(const std::string& part, std::string_view text, std::string_view where) {
  FactorOption option{.text = part};
  const auto add = [&](std::string_view number) {
    const auto interval = interval_in(number);
    if (interval && interval->low > interval->high)
      fail<ConfigError>("{}: '{}': the range {} ends below its start", where, text, number);
    if (interval) option.numbers.push_back(*interval);
    return interval.has_value();
  };
  if (part.front() != '[') {
    if (!add(part) && part.find("..") != std::string::npos)
      fail<ConfigError>("{}: '{}': expected a range of two numbers like 30..190, got {}", where, text, part);
    return option;
  }
  option.list = true;
  if (part.back() == ']')
    if (const auto numbers = parts_of(std::string_view(part).substr(1, part.size() - 2))) {
      bool all = true;
      for (const auto& number : *numbers) all = all && add(number);
      if (all) return option;
    }
  fail<ConfigError>("{}: '{}': expected a list of numbers or ranges like [0..255,0,0], got {}", where, text, part);
}

}  // namespace

bool FactorSpec::holds(std::span<const double> value) const {
  for (const FactorOption& option : options) {
    if (option.numbers.empty() || value.empty() || (option.list && option.numbers.size() != value.size())) continue;
    bool inside = true;
    for (size_t i = 0; i < option.numbers.size(); ++i) inside = inside && option.numbers[i].holds(value[i]);
    if (inside) return true;
  }
  return any;
}

FactorSpec parse_factor_spec(std::string_view text, std::string_view where) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size())
    fail<ConfigError>("{}: expected FACTOR=VALUES like two_room.door_position=30..190, got '{}'", where, text);
  FactorSpec spec{.key = factor_key(text.substr(0, equals))};
  const std::string_view values = text.substr(equals + 1);
  if (values == "any") {
    spec.any = true;
    return spec;
  }
  const auto parts = parts_of(values);
  if (!parts) fail<ConfigError>("{}: '{}': brackets do not match", where, text);
  for (const auto& part : *parts) {
    if (part.empty()) fail<ConfigError>("{}: '{}': expected a value between two commas", where, text);
    spec.options.push_back(option_of(part, text, where));
  }
  return spec;
}

std::string factor_key(std::string_view name) {
  std::string key(name);
  const auto dot = key.find('.');
  if (dot == std::string::npos || key.starts_with("process.variation.")) return key;
  std::replace(key.begin() + static_cast<std::ptrdiff_t>(dot) + 1, key.end(), '.', '_');
  return key;
}

std::string factor_column(std::string_view key) { return "variation." + std::string(key); }

}  // namespace foresee
