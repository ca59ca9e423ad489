#include <CLI/CLI.hpp>

#include "tools/bench.h"
#include "tools/command.h"

namespace foresee::tools {

Run setup_bench(CLI::App& app, CommonOptions& common) {
  app.require_subcommand(1);
  CLI::App* env = app.add_subcommand("env", "Environment steps a second on one core, with and without rendering");
  env->fallthrough();
  auto name = std::make_shared<std::string>("two_room");
  env->add_option("--env", *name, "Environment")->capture_default_str();
  return [=, &common] {
    const auto result = bench_env(*name, common.seed);
    print_json(result);
    return 0;
  };
}

}  // namespace foresee::tools
