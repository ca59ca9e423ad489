#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "foresee/collect.h"
#include "foresee/collect/names.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "planner/env/collect.h"
#include "tools/cli/data/data_commands.h"
#include "tools/cli/options/enum_option.h"
#include "tools/cli/options/request_flags.h"

namespace foresee::tools {
namespace {

int run_collect(CollectRequest request, const CommonOptions& common) {
  if (!common.out) fail("data collect: --out FILE is missing");
  request.out = *common.out;
  request.options = job_options(common);
  CollectResult result;
  naming_flags({{"noise", "--noise"}}, [&] {
    result = collect(request, common.control);
    return 0;
  });
  if (result.stopped)
    fail("data collect: interrupted after {} of {} episodes; the same command goes on from there", result.episodes,
         request.episodes);
  const auto episodes = static_cast<double>(result.episodes);
  const double mean_rows = static_cast<double>(result.rows) / episodes;
  const double success = static_cast<double>(result.reached) / episodes;
  if (common.json)
    print_json({{"file", request.out.string()},
                {"env", result.environment},
                {"policy", name_of(kCollectPolicyNames, result.policy)},
                {"noise", result.noise},
                {"seed", common.seed},
                {"size", result.size},
                {"episodes", result.episodes},
                {"rows", result.rows},
                {"mean_rows", mean_rows},
                {"success", success},
                {"bytes", result.bytes}});
  else
    log_info("{}: {} episodes, {} rows ({:.2f} an episode), {:.1f} % reached the goal", request.out.string(),
             result.episodes, result.rows, mean_rows, 100 * success);
  return 0;
}

}  // namespace

Run setup_data_collect(CLI::App& app, CommonOptions& common) {
  const auto request = std::make_shared<CollectRequest>();
  const planner::CollectConfig defaults;
  const auto text = [](const char* meaning, const auto& preset) {
    return fmt::format("{} (default {})", meaning, preset);
  };
  const auto add = [&](const char* flag, auto& value, const char* meaning, const auto& preset) {
    app.add_option(flag, value, text(meaning, preset))->option_text("VALUE");
  };
  const std::string environments = fmt::format("Environment: {}", fmt::join(planner::env_names(), ", "));
  add("--env", request->environment, environments.c_str(), defaults.env);
  add_choice(app, "--policy", request->policy, kCollectPolicyNames,
             text("Who acts: expert, random, noop, cem, weak", "as published for the environment"))
      ->option_text("VALUE");
  add("--noise", request->noise, "Standard deviation added to the expert's action", defaults.noise);
  add("--max-steps", request->max_steps, "Steps after which an episode ends", defaults.max_steps);
  add("--size", request->size, "Pictures, pixels", defaults.size);
  app.add_option("--draw", request->draw, "Factor that each episode draws: two_room.door_position=30..190");
  app.add_option("--episodes", request->episodes, "Episodes to record")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_overwrite(app, common);
  app.add_flag("--blosc", request->blosc, "Compress pictures (Blosc, LZ4): smaller, but readers need the filter");
  return [=, &common] { return run_collect(*request, common); };
}

}  // namespace foresee::tools
