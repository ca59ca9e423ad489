#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace foresee {

/// The name beside `value` in a table of an enum's names; empty where it is not in the table.
template <class E, size_t N>
constexpr std::string_view name_of(const std::pair<E, std::string_view> (&table)[N], E value) {
  for (const auto& [known, name] : table)
    if (known == value) return name;
  return {};
}

/// The value beside `name`; nothing where the table does not have it.
template <class E, size_t N>
constexpr std::optional<E> value_of(const std::pair<E, std::string_view> (&table)[N], std::string_view name) {
  for (const auto& [value, known] : table)
    if (known == name) return value;
  return std::nullopt;
}

}  // namespace foresee
