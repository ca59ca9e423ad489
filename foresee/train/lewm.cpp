#include <nlohmann/json.hpp>

#include "data/episode/training_set/contents.h"
#include "data/episode/training_set/factors.h"
#include "foresee/train/jobs.h"
#include "foresee/train/lewm_data.h"
#include "foresee/train/recorded_sequences.h"
#include "foresee/train/run_training.h"
#include "jepa/core/error.h"
#include "jepa/core/memory.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/lewm/files/folder.h"
#include "jepa/model/lewm/world_model.h"
#include "jepa/nn/activation_bytes.h"

namespace foresee {
namespace {

/// Refuses a step that cannot fit into memory. On a GPU its own allocator says so.
void check_step(const LewmRecipe& recipe) {
  const LewmVitConfig& vit = recipe.model.vit;
  const auto real = [](int64_t value) { return static_cast<double>(value); };
  const int64_t frames = lewm_clip_frames(recipe.model, recipe.train.loss);
  const double side = real(vit.image_size) / real(vit.patch), tokens = side * side + 1;
  check_memory(training_bytes(real(recipe.train.batch) * real(frames) * tokens, vit.width, real(vit.mlp), vit.layers),
               fmt::format("a step of {} clips of {} frames of {} px (train.batch, model.vit.image_size)",
                           recipe.train.batch, frames, vit.image_size));
}

/// The model that training begins with: the recipe takes its architecture, without heads, its pictures and the steps of
/// its action blocks. @throws CheckpointError.
ModelFolder begin_with(LewmRecipe& recipe, const ReadOptions& options) {
  ModelFolder folder = load_lewm_folder(recipe.init, options);
  if (!folder.actions)
    fail<CheckpointError>("{}: no actions.json: how the model's actions are normalised is not known", recipe.init);
  recipe.model = lewm_config(folder.model, recipe.init + "/config.json");
  recipe.model.heads = {};
  recipe.frameskip = folder.actions->block;
  return folder;
}

/// Its weights, but for heads: they no longer fit once the embeddings move.
TensorMap weights_without_heads(const ModelFolder& folder, const LewmConfig& config) {
  const TensorMap own = state_dict(*Lewm(config));
  TensorMap weights;
  for (const auto& [name, tensor] : with_transformers4_names(folder.weights))
    if (own.contains(name)) weights[name] = tensor;
  return weights;
}

/// The episodes of the scene that the model knew, split as it was trained; nothing where none are rehearsed.
/// @throws RequestError without such a model; DataError.
std::optional<data::EpisodeDataset> old_episodes(const LewmRecipe& recipe, const std::optional<ModelFolder>& before) {
  if (recipe.rehearsal.data.empty()) return std::nullopt;
  if (!before)
    throw RequestError("rehearse", "rehearsal keeps what a model knew: expected the model that training begins with");
  const std::vector<std::filesystem::path> paths(recipe.rehearsal.data.begin(), recipe.rehearsal.data.end());
  for (const auto& path : paths)
    if (!std::filesystem::exists(path)) fail<DataError>("{}: no such file", path.string());
  EpisodeReading reading = recipe.episodes;
  reading.hold_out = data::held_out_factors(before->training_set);
  auto old =
      open_episodes(paths, reading, data::PictureFit{.size = recipe.model.vit.image_size, .rule = recipe.picture});
  data::require_actions_fit(*before->actions, old, recipe.init);
  return old;
}

}  // namespace

TrainResult train_lewm(const TrainJob& job) {
  const LewmRecipe preset = lewm_recipe(*job.origin.preset);
  auto record = resolved_record(job, preset);
  LewmRecipe& recipe = record.recipe;
  const auto seed = static_cast<uint64_t>(record.origin.seed);
  std::optional<ModelFolder> before;
  if (!recipe.init.empty()) before = begin_with(recipe, job.request.weights);
  const data::EpisodeDataset dataset =
      open_episodes(episode_files(job), recipe.episodes,
                    data::PictureFit{.size = recipe.model.vit.image_size, .rule = recipe.picture});
  if (before)
    data::require_actions_fit(*before->actions, dataset, recipe.init);
  else
    take_sizes(dataset, preset, recipe);
  if (job.device.is_cpu()) check_step(recipe);
  const auto old = old_episodes(recipe, before);
  LewmTrainData data =
      lewm_train_data(dataset, recipe, seed, before ? before->actions : std::nullopt, old ? &*old : nullptr);
  if (before) data.initial = weights_without_heads(*before, recipe.model);
  if (old)
    data.training_set = data::joined_training_sets(
        data.training_set, data::training_set_json(*old, data::held_out_factors(before->training_set)));
  if (before) data::join_contents(data.training_set, before->training_set);
  const ActionSpec actions = data.actions;
  const PictureSpec pictures = data.preprocess;
  LewmTask task(recipe.model, recipe.train, std::move(data), recipe.loop.steps, seed, *record.origin.preset, job.device,
                recipe.rehearsal.most_fall);
  RunFolder run(job.request.out, config_json(record), kLewmLaterKeys);
  const int64_t frames = recipe.train.batch * lewm_clip_frames(recipe.model, recipe.train.loss);
  return run_training(task, recipe.loop, run, frames, job, [&](const std::filesystem::path& folder) {
    if (dataset.action_size() == 0) return;
    const LewmWorldModel model(task.model(), actions, pictures);
    write_training_costs(folder, model, sequence_reader(model, dataset));
  });
}

}  // namespace foresee
