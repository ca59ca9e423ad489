#include <CLI/CLI.hpp>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "tools/cli/command.h"
#include "tools/cli/config_list.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

int print_config(const std::string& section, const CommonOptions& common) {
  std::vector<std::string> names;
  for (const auto& entry : config_sections()) names.push_back(entry.name);
  if (!section.empty() && std::find(names.begin(), names.end(), section) == names.end())
    fail("unknown section '{}'{}", section, suggestion(section, names));
  auto all = nlohmann::ordered_json::object();
  for (const auto& entry : config_sections()) {
    if (!section.empty() && entry.name != section) continue;
    const auto rows = config_rows(entry.describe);
    if (!common.json) print_line("{}  ({})", entry.name, entry.summary);
    for (const auto& row : rows) {
      if (common.json)
        all[entry.name].push_back({{"key", row.key},
                                   {"default", nlohmann::json::parse(row.value)},
                                   {"allowed", row.allowed},
                                   {"meaning", row.doc}});
      else
        print_line("  {:<32} {:<22} {}{}", row.key, row.value, row.doc,
                   row.allowed.empty() ? "" : " [" + row.allowed + "]");
    }
    if (!common.json) print_line("");
  }
  if (common.json) print_json(all);
  return 0;
}

}  // namespace

Run setup_config(CLI::App& app, CommonOptions& common) {
  auto section = std::make_shared<std::string>();
  app.add_option("SECTION", *section, "Only this part, e.g. train; all without it");
  return [section, &common] { return print_config(*section, common); };
}

}  // namespace foresee::tools
