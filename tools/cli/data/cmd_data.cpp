#include <CLI/CLI.hpp>

#include "tools/cli/command.h"
#include "tools/cli/data/data_commands.h"

namespace foresee::tools {

Run setup_data(CLI::App& app, CommonOptions& common) {
  app.require_subcommand(1);
  struct Inner {
    CLI::App* app;
    Run run;
    unsigned uses;  // of Uses
  };
  std::vector<Inner> inner;
  const auto add = [&](const char* name, const char* summary, Run (*setup)(CLI::App&, CommonOptions&), unsigned uses,
                       const char* examples) {
    CLI::App* sub = app.add_subcommand(name, summary);
    sub->fallthrough();  // options given after the inner name reach the outer one: `data probe PATH --json`
    inner.push_back({sub, setup(*sub, common), uses});
    sub->footer(std::string("Examples:\n") + examples);
  };
  add("probe", "What video files hold, and which are broken", setup_data_probe, kNone,
      "  foresee data probe clips/ --decode");
  add("check", "What is wrong with sets of episodes: exit 3 with findings", setup_data_check, kNone,
      "  foresee data check my-robot/ day-2.h5");
  add("collect", "Episodes of an environment under a policy", setup_data_collect, kSettings | kSeed | kOut,
      "  foresee data collect --env two_room --policy expert --episodes 600 --out two_room.h5");
  add("convert", "Episodes from one format to another", setup_data_convert, kOut,
      "  foresee data convert --input logs.h5 --format lerobot --output logs_lerobot");
  add("scenes", "Clips of moving scenes with known factors, to judge an encoder by", setup_data_scenes, kSeed | kOut,
      "  foresee data scenes --clips 280 --out scenes");
  add("view", "A contact sheet or a video of episodes", setup_data_view, kOut,
      "  foresee data view --input two_room.h5 --out sheet.png");
  add("window", "Rows around a row, by times relative to it", setup_data_window, kOut,
      "  foresee data window my-robot.h5 --fps 10 --row 20 --delta action=0,0.1 --out window.safetensors");
  return [=, &app] {
    for (const Inner& command : inner) {
      if (!command.app->parsed()) continue;
      refuse_unused(app, "data " + command.app->get_name(), command.uses);
      return command.run();
    }
    return 1;
  };
}

}  // namespace foresee::tools
