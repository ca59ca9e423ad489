#include "tools/cli/train/ac_run.h"

#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "foresee/train/ac_data.h"
#include "foresee/train/latent_cache.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/model/vjepa2/models.h"
#include "tools/cli/train/train_result.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;

/// Everything that decides the result, as it is written into the run folder.
struct AcRunConfig {
  std::string family = "vjepa2_ac", preset;
  int64_t seed = 0;
  std::vector<std::string> data;
  std::string encoder, encoder_weights;
  AcRecipe recipe;
};

void describe(Fields& f, AcRunConfig& c) {
  f("family", c.family, "model family");
  f("preset", c.preset, "where the defaults come from");
  f("seed", c.seed, "of weights and order of clips");
  f("data", c.data, "episode files");
  f("encoder", c.encoder, "where the frozen encoder came from");
  f("encoder_weights", c.encoder_weights, "fingerprint of its weights");
  describe(f, c.recipe);
}

AcRunConfig resolved_ac_config(const AcTrainOptions& options, const CommonOptions& common) {
  AcRunConfig config;
  config.preset = options.preset;
  config.seed = static_cast<int64_t>(common.seed);
  config.data = options.data;
  config.recipe = ac_recipe(options.preset);
  config = parse_config(layered_config(nlohmann::json::object(), common), "train", config);
  if (!options.encoder.empty()) config.encoder = options.encoder.string();
  if (options.steps) config.recipe.loop.steps = *options.steps;
  if (options.checkpoint_every) config.recipe.loop.checkpoint_every = *options.checkpoint_every;
  config.recipe.validate();
  if (config.data.empty()) fail("expected episode files: --data FILE...");
  for (const auto& path : config.data)
    if (!fs::exists(path)) fail<DataError>("{}: no such file", path);
  if (config.encoder.empty())
    fail("expected a video encoder: --encoder PATH (a V-JEPA 2 folder of ours or Hugging Face's, or Meta's .pt file)");
  if (!common.out) fail("expected a run folder: --out RUN");
  return config;
}

}  // namespace

int train_action_predictor(const AcTrainOptions& options, const CommonOptions& common) {
  AcRunConfig config = resolved_ac_config(options, common);
  const AcRecipe& recipe = config.recipe;
  const auto seed = static_cast<uint64_t>(config.seed);
  const std::vector<fs::path> paths(config.data.begin(), config.data.end());
  const data::EpisodeDataset dataset(paths);
  Vjepa2ReadOptions read = options.read;
  // As upstream: the moving average of Meta's pretraining files.
  if (read.weights == EncoderKey::kDefault && fs::is_regular_file(config.encoder))
    read.weights = EncoderKey::kTargetEncoder;
  const Vjepa2Weights weights = read_vjepa2(config.encoder, read);
  const Vjepa2Ac model = ac_model(dataset, recipe, make_encoder(weights));
  Preprocess preprocess = weights.preprocess;
  preprocess.size = model.config.encoder.image_size;
  config.encoder_weights = weights_fingerprint(*model.encoder);

  RunFolder run(*common.out, config_json(config));  // refuses another config before hours of encoding
  const AcSource source{&dataset, files_identity(paths),
                        options.latents.empty() ? *common.out / "latents" : options.latents};
  AcTask task(model, recipe.train, ac_train_data(source, recipe, model, preprocess, seed, common.control),
              recipe.loop.steps, seed, config.preset);
  return finish_training(task, recipe.loop, run, recipe.train.batch * recipe.train.frames, common);
}

}  // namespace foresee::tools
