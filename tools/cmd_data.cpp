#include <CLI/CLI.hpp>

#include "tools/command.h"
#include "tools/data_commands.h"

namespace foresee::tools {

Run setup_data(CLI::App& app, CommonOptions& common) {
  app.require_subcommand(1);
  CLI::App* probe = app.add_subcommand("probe", "What video files hold, and which are broken");
  CLI::App* collect = app.add_subcommand("collect", "Episodes of an environment under a policy");
  // Options given after the inner name reach the outer one: `data probe PATH --json`.
  for (CLI::App* sub : {probe, collect}) sub->fallthrough();
  const Run run_probe = setup_data_probe(*probe, common), run_collect = setup_data_collect(*collect, common);
  return [=] { return probe->parsed() ? run_probe() : run_collect(); };
}

}  // namespace foresee::tools
