#include <CLI/CLI.hpp>

#include "tools/cli/command.h"
#include "tools/cli/data/data_commands.h"

namespace foresee::tools {

Run setup_data(CLI::App& app, CommonOptions& common) {
  app.require_subcommand(1);
  struct Inner {
    CLI::App* app;
    Run run;
  };
  std::vector<Inner> inner;
  const auto add = [&](const char* name, const char* summary, Run (*setup)(CLI::App&, CommonOptions&)) {
    CLI::App* sub = app.add_subcommand(name, summary);
    sub->fallthrough();  // options given after the inner name reach the outer one: `data probe PATH --json`
    inner.push_back({sub, setup(*sub, common)});
  };
  add("probe", "What video files hold, and which are broken", setup_data_probe);
  add("collect", "Episodes of an environment under a policy", setup_data_collect);
  add("convert", "Episodes from one format to another", setup_data_convert);
  add("view", "A contact sheet or a video of episodes", setup_data_view);
  return [=] {
    for (const Inner& command : inner)
      if (command.app->parsed()) return command.run();
    return 1;
  };
}

}  // namespace foresee::tools
