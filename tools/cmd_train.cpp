#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "tools/command.h"
#include "tools/lewm_data.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;

struct TrainOptions {
  std::string family = "lewm", preset = "lewm-s64";
  std::vector<std::string> data;
  std::optional<int64_t> steps, checkpoint_every;
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
  if (options.family != "lewm")
    fail<ConfigError>("family '{}' cannot be trained with actions; known: lewm", options.family);
  TrainConfig config{options.family, options.preset, static_cast<int64_t>(common.seed), options.data,
                     lewm_recipe(options.preset)};
  config = parse_config(layered_config(nlohmann::json::object(), common), "train", config);
  if (options.steps) config.recipe.loop.steps = *options.steps;
  if (options.checkpoint_every) config.recipe.loop.checkpoint_every = *options.checkpoint_every;
  if (config.data.empty()) fail("expected episode files: --data FILE... (made by 'foresee data collect')");
  for (const auto& path : config.data)
    if (!fs::exists(path)) fail<DataError>("{}: no such file", path);
  return config;
}

/// The last row of metrics.jsonl that an evaluation wrote.
nlohmann::ordered_json last_evaluation(const RunFolder& run) {
  auto out = nlohmann::ordered_json::object();
  for (const auto& [step, metrics] : read_metrics(run.metrics_path())) {
    if (metrics.empty() || metrics.front().first.rfind("held_out_", 0) != 0) continue;
    out = nlohmann::ordered_json::object();
    for (const auto& [name, value] : metrics) out[name] = value;
  }
  return out;
}

int train(const TrainOptions& options, const CommonOptions& common) {
  const TrainConfig config = resolved_config(options, common);
  const LewmRecipe& recipe = config.recipe;
  if (!common.out) fail("expected a run folder: --out RUN");
  const std::vector<fs::path> paths(config.data.begin(), config.data.end());
  const data::EpisodeDataset dataset(paths);
  LewmTask task(recipe.model, recipe.train, lewm_train_data(dataset, recipe, static_cast<uint64_t>(config.seed)),
                recipe.loop.steps, static_cast<uint64_t>(config.seed), config.preset);
  RunFolder run(*common.out, config_json(config));
  const int64_t first = run.latest_step().value_or(0);
  const auto begin = std::chrono::steady_clock::now();
  const LoopEnd end = run_loop(task, recipe.loop, run);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const int64_t done = run.latest_step().value_or(0);
  const auto frames = static_cast<double>((done - first) * recipe.train.batch * (recipe.model.predictor.frames + 1));
  if (common.json)
    print_json({{"run", common.out->string()},
                {"model", run.checkpoint_path(done).string()},
                {"steps", done},
                {"interrupted", end == LoopEnd::kInterrupted},
                {"seconds", seconds},
                {"frames_per_second", frames / std::max(seconds, 1e-9)},
                {"held_out", last_evaluation(run)}});
  return 0;
}

}  // namespace

Run setup_train(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<TrainOptions>();
  app.add_option("--family", options->family, "Model family: lewm")->capture_default_str();
  app.add_option("--preset", options->preset,
                 "Defaults of the family: " + fmt::format("{}", fmt::join(lewm_presets(), ", ")))
      ->capture_default_str();
  app.add_option("--data", options->data, "Episode files (HDF5)");
  app.add_option("--steps", options->steps, "Optimizer steps in all")->check(CLI::PositiveNumber);
  app.add_option("--checkpoint-every", options->checkpoint_every, "Steps between checkpoints")
      ->check(CLI::PositiveNumber);
  return [options, &common] { return train(*options, common); };
}

}  // namespace foresee::tools
