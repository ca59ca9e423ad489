#include "tools/package/shell/command_tree.h"

#include <CLI/CLI.hpp>
#include <sstream>

namespace foresee::tools {
namespace {

/// "near", "far" of "TEXT:{near,far}".
std::vector<std::string> choices_of(const std::string& type) {
  const size_t begin = type.find(":{"), end = type.find('}');
  std::vector<std::string> choices;
  if (begin == std::string::npos || end == std::string::npos || end < begin) return choices;
  std::istringstream parts(type.substr(begin + 2, end - begin - 2));
  for (std::string part; std::getline(parts, part, ',');)
    if (part.find("->") == std::string::npos) choices.push_back(part);  // a transformer's "name->number"
  return choices;
}

OptionInfo info_of(const CLI::Option& option) {
  const bool positional = !option.nonpositional();
  const std::string type = option.get_type_name();
  OptionInfo info{.positional = positional};
  info.flag = positional                    ? option.get_name(/*positional=*/true)
                                 : option.get_lnames().empty() ? "-" + option.get_snames().front()
                                            : "--" + option.get_lnames().front();
  if (option.get_items_expected_max() > 0) {
    info.value =
        option.get_option_text().empty() ? type.substr(0, type.find_first_of(" :{")) : option.get_option_text();
    if (info.value.empty()) info.value = "VALUE";
    info.choices = choices_of(type);
  }
  info.meaning = option.get_description();
  info.usual = option.get_default_str();
  return info;
}

}  // namespace

CommandInfo command_tree(const CLI::App& app) {
  CommandInfo info{.name = app.get_name(), .summary = app.get_description(), .footer = app.get_footer()};
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty()) info.options.push_back(info_of(*option));  // no group: hidden, since refused
  for (const CLI::App* inner : app.get_subcommands([](const CLI::App*) { return true; }))
    info.commands.push_back(command_tree(*inner));
  return info;
}

}  // namespace foresee::tools
