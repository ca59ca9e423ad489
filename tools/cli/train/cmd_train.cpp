#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "foresee/train/lewm_data.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/train/action_predictor/recipe.h"
#include "tools/cli/command.h"
#include "tools/cli/model_options.h"
#include "tools/cli/train/ac_run.h"
#include "tools/cli/train/lewm_heads_run.h"
#include "tools/cli/train/probe_run.h"
#include "tools/cli/train/train_result.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;

struct TrainOptions {
  std::string family = "lewm", preset;  // no preset: the family's first
  bool probe = false;                   // not a world model: an attentive probe
  fs::path init;                        // lewm_heads: the LeWM that gets heads
  AcTrainOptions other;                 // what all families take, and what vjepa2_ac takes
};

/// Everything that decides the result, as it is written into the run folder.
struct TrainConfig {
  std::string family, preset;
  int64_t seed = 0;
  std::vector<std::string> data;
  LewmRecipe recipe;
};

void describe(Fields& f, TrainConfig& c) {
  f("family", c.family, "model family");
  f("preset", c.preset, "where the defaults come from");
  f("seed", c.seed, "of weights, order of clips, directions and dropout");
  f("data", c.data, "episode files");
  describe(f, c.recipe);
}

TrainConfig resolved_config(const TrainOptions& options, const CommonOptions& common) {
  const AcTrainOptions& given = options.other;
  const std::string preset = options.preset.empty() ? "lewm-s64" : options.preset;
  TrainConfig config{options.family, preset, static_cast<int64_t>(common.seed), given.data, lewm_recipe(preset)};
  config = parse_config(layered_config(nlohmann::json::object(), common), "train", config);
  if (given.steps) config.recipe.loop.steps = *given.steps;
  if (given.checkpoint_every) config.recipe.loop.checkpoint_every = *given.checkpoint_every;
  if (config.data.empty()) fail("expected episode files: --data FILE... (made by 'foresee data collect')");
  for (const auto& path : config.data)
    if (!fs::exists(path)) fail<DataError>("{}: no such file", path);
  return config;
}

int train(const TrainOptions& options, const CommonOptions& common) {
  if (common.out)
    check_run_place(*common.out, output_rules(common, {options.init, options.other.encoder},
                                              {options.other.data.begin(), options.other.data.end()}));
  if (options.probe) {
    const AcTrainOptions& given = options.other;
    return train_probe({given.data, given.encoder, given.read, given.latents, given.steps, given.checkpoint_every},
                       common);
  }
  if (options.family == "vjepa2_ac") {
    AcTrainOptions asked = options.other;
    if (!options.preset.empty()) asked.preset = options.preset;
    return train_action_predictor(asked, common);
  }
  if (options.family == "lewm_heads") {
    const AcTrainOptions& given = options.other;
    return train_lewm_heads({given.data, options.init, given.steps, given.checkpoint_every}, common);
  }
  if (options.family != "lewm")
    fail<ConfigError>("family '{}' cannot be trained with actions; known: lewm, lewm_heads, vjepa2_ac", options.family);
  const TrainConfig config = resolved_config(options, common);
  const LewmRecipe& recipe = config.recipe;
  if (!common.out) fail("expected a run folder: --out RUN");
  const std::vector<fs::path> paths(config.data.begin(), config.data.end());
  const data::EpisodeDataset dataset(paths);
  LewmTask task(recipe.model, recipe.train, lewm_train_data(dataset, recipe, static_cast<uint64_t>(config.seed)),
                recipe.loop.steps, static_cast<uint64_t>(config.seed), config.preset,
                at::Device(resolve_device(common)));
  RunFolder run(*common.out, config_json(config));
  return finish_training(task, recipe.loop, run, recipe.train.batch * lewm_clip_frames(recipe.model, recipe.train.loss),
                         common);
}

}  // namespace

Run setup_train(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<TrainOptions>();
  AcTrainOptions& other = options->other;
  app.add_option("--family", options->family, "Model family: lewm, lewm_heads, vjepa2_ac")->capture_default_str();
  app.add_option("--preset", options->preset,
                 fmt::format("Defaults of the family: {} (lewm; default lewm-s64); {} (vjepa2_ac; default vjepa2-ac)",
                             fmt::join(lewm_presets(), ", "), fmt::join(ac_presets(), ", ")));
  app.add_flag("--probe", options->probe, "Train an attentive probe on labelled clips instead: --data LIST --encoder");
  app.add_option("--data", other.data, "Episode files (HDF5); --probe: a list, 'PATH LABEL' a line");
  app.add_option("--steps", other.steps, "Optimizer steps in all")->check(CLI::PositiveNumber);
  app.add_option("--checkpoint-every", other.checkpoint_every, "Steps between checkpoints")->check(CLI::PositiveNumber);
  app.add_option("--init", options->init, "lewm_heads: model folder or run whose LeWM gets the heads")
      ->option_text("DIR");
  app.add_option("--encoder", other.encoder, "vjepa2_ac, --probe: frozen V-JEPA 2 encoder, a folder or Meta's .pt file")
      ->option_text("PATH");
  app.add_option("--latents", other.latents,
                 "vjepa2_ac, --probe: folder for what the encoder gives; default RUN/latents")
      ->option_text("DIR");
  add_vjepa2_options(app, other.read);
  return [options, &common] { return train(*options, common); };
}

}  // namespace foresee::tools
