#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "jepa/core/names.h"

namespace foresee::tools {

/// The names of a table, in its order.
template <class E, size_t N>
std::vector<std::string> names_in(const std::pair<E, std::string_view> (&table)[N]) {
  std::vector<std::string> names;
  for (const auto& [value, name] : table) names.emplace_back(name);
  return names;
}

/// Adds an option that sets an enum by the name beside it.
/// @param value  an E, whose default is shown, or a std::optional<E>.
template <class Value, class E, size_t N>
CLI::Option* add_choice(CLI::App& app, const std::string& flag, Value& value,
                        const std::pair<E, std::string_view> (&table)[N], const std::string& doc) {
  const auto set = [&value, &table](const std::string& name) { value = value_of(table, name).value(); };
  CLI::Option* const option =
      app.add_option_function<std::string>(flag, set, doc)->check(CLI::IsMember(names_in(table)));
  if constexpr (std::is_same_v<Value, E>) option->default_str(std::string(name_of(table, value)));
  return option;
}

}  // namespace foresee::tools
