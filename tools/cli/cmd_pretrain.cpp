#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "foresee/pretrain/pretrain_run.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/train/run_folder.h"
#include "tools/cli/command.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;

struct PretrainOptions {
  std::vector<fs::path> data;
  std::string preset = "vjepa2-nano";
  std::optional<int64_t> steps, checkpoint_every;
  fs::path from;
  bool cool_down = false;
};

int pretrain(const PretrainOptions& options, const CommonOptions& common) {
  if (options.data.empty()) fail("expected videos: --data PATH... (files, folders or lists)");
  if (!common.out) fail("expected a run folder: --out RUN");
  PretrainRequest request{
      .preset = options.preset, .seed = common.seed, .device = at::Device(resolve_device(common)), .out = *common.out};
  PretrainRecipe recipe = pretrain_recipe(options.preset);
  if (options.cool_down) recipe.cool_down();
  request.recipe = parse_config(layered_config(nlohmann::json::object(), common), "pretrain", recipe);
  if (!options.from.empty()) request.recipe.from = options.from.string();
  if (options.cool_down && request.recipe.from.empty())
    fail("--cool-down goes on with trained networks: expected --from CHECKPOINT (a run folder or Meta's .pt)");
  if (options.steps) request.recipe.loop.steps = *options.steps;
  if (options.checkpoint_every) request.recipe.loop.checkpoint_every = *options.checkpoint_every;
  request.recipe.validate();
  check_run_place(*common.out, output_rules(common, {options.from}, options.data));
  const PretrainOutcome outcome = run_pretraining(data::open_videos(options.data), request, common.control);
  const auto number = [](double value) { return std::isfinite(value) ? nlohmann::ordered_json(value) : nullptr; };
  nlohmann::ordered_json result{{"run", common.out->string()},
                                {"model", outcome.model.string()},
                                {"steps", outcome.steps},
                                {"interrupted", outcome.interrupted},
                                {"seconds", outcome.seconds}};
  for (const char* name : {"skill", "effective_rank", "mean_std"}) {
    result[fmt::format("{}_start", name)] = number(metric(outcome.start, name));
    result[name] = number(metric(outcome.end, name));
  }
  if (common.json) {
    print_json(result);
  } else {
    for (const char* name : {"skill", "effective_rank", "mean_std"})
      fmt::print("{:<16} {:.4f} -> {:.4f}\n", name, metric(outcome.start, name), metric(outcome.end, name));
    fmt::print("{:<16} {}\n", "model", outcome.model.string());
  }
  return 0;
}

}  // namespace

Run setup_pretrain(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<PretrainOptions>();
  app.add_option("--data", options->data, "Videos: files, folders, list files");
  app.add_option("--preset", options->preset, fmt::format("{}", fmt::join(pretrain_presets(), ", ")))
      ->capture_default_str();
  app.add_option("--steps", options->steps, "Optimizer steps in all")->check(CLI::PositiveNumber);
  app.add_option("--checkpoint-every", options->checkpoint_every, "Steps between checkpoints")
      ->check(CLI::PositiveNumber);
  app.add_option("--from", options->from, "Begin with the networks and the optimizer of a run, or of Meta's .pt file")
      ->option_text("PATH");
  app.add_flag("--cool-down", options->cool_down,
               "Second stage: the rate falls to 1e-6, 64 frames a clip; with --from");
  return [options, &common] { return pretrain(*options, common); };
}

}  // namespace foresee::tools
