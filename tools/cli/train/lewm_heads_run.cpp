#include "tools/cli/train/lewm_heads_run.h"

#include <nlohmann/json.hpp>

#include "foresee/train/lewm_data.h"
#include "jepa/core/error.h"
#include "jepa/model/lewm/folder.h"
#include "tools/cli/train/train_result.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;

/// Everything that decides the result, as it is written into the run folder.
struct HeadsConfig {
  std::string family = "lewm_heads";
  int64_t seed = 0;
  std::vector<std::string> data;
  LewmHeadsRecipe recipe;
};

void describe(Fields& f, HeadsConfig& c) {
  f("family", c.family, "what is fitted");
  f("seed", c.seed, "of weights and order of pairs");
  f("data", c.data, "episode files");
  describe(f, c.recipe);
}

HeadsConfig resolved_heads_config(const LewmHeadsOptions& options, const CommonOptions& common) {
  HeadsConfig config;
  config.seed = static_cast<int64_t>(common.seed);
  config.data = options.data;
  config = parse_config(layered_config(nlohmann::json::object(), common), "train", config);
  if (!options.init.empty()) config.recipe.init = options.init.string();
  if (options.steps) config.recipe.loop.steps = *options.steps;
  if (options.checkpoint_every) config.recipe.loop.checkpoint_every = *options.checkpoint_every;
  if (config.data.empty()) fail("expected episode files: --data FILE... (those that the model was trained on)");
  for (const auto& path : config.data)
    if (!fs::exists(path)) fail<DataError>("{}: no such file", path);
  if (config.recipe.init.empty()) fail("expected the LeWM that gets heads: --init DIR (a model folder or a run)");
  if (!common.out) fail("expected a run folder: --out RUN");
  return config;
}

}  // namespace

int train_lewm_heads(const LewmHeadsOptions& options, const CommonOptions& common) {
  const HeadsConfig config = resolved_heads_config(options, common);
  const LewmHeadsRecipe& recipe = config.recipe;
  const auto seed = static_cast<uint64_t>(config.seed);
  ModelFolder folder = load_lewm_folder(recipe.init);
  if (!folder.actions)
    fail<CheckpointError>("{}: no actions.json: heads need to know how the model's actions are normalised",
                          recipe.init);
  const std::vector<fs::path> paths(config.data.begin(), config.data.end());
  const data::EpisodeDataset dataset(paths);
  require_picture_size(dataset, folder.preprocess.size);
  data::require_actions_fit(*folder.actions, dataset, recipe.init);
  const Lewm model = lewm_with_heads(folder, recipe.heads, seed, recipe.init);
  RunFolder run(*common.out, config_json(config));
  const auto encode = [&](data::Split split) {
    return latent_episodes(dataset, split, model, folder.preprocess, *folder.actions, common.control);
  };
  LewmHeadsTask task(model, folder, encode(data::Split::kTrain), encode(data::Split::kHeldOut), recipe.train,
                     recipe.loop.steps, seed);
  return finish_training(task, recipe.loop, run, recipe.train.batch, common);
}

}  // namespace foresee::tools
