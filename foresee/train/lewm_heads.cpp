#include <nlohmann/json.hpp>

#include "data/episode/training_set/contents.h"
#include "data/episode/training_set/factors.h"
#include "foresee/train/jobs.h"
#include "foresee/train/lewm_data.h"
#include "foresee/train/recorded_sequences.h"
#include "foresee/train/run_training.h"
#include "jepa/core/error.h"
#include "jepa/model/lewm/files/folder.h"
#include "jepa/model/lewm/world_model.h"

namespace foresee {

TrainResult train_lewm_heads(const TrainJob& job) {
  const auto record = resolved_record(job, LewmHeadsRecipe());
  const LewmHeadsRecipe& recipe = record.recipe;
  const auto seed = static_cast<uint64_t>(record.origin.seed);
  const auto& paths = episode_files(job);
  if (recipe.init.empty()) throw RequestError("init", "expected the LeWM that gets heads: a model folder or a run");
  ModelFolder folder = load_lewm_folder(recipe.init, job.request.weights);
  if (!folder.actions)
    fail<CheckpointError>("{}: no actions.json: heads need to know how the model's actions are normalised",
                          recipe.init);
  EpisodeReading reading = recipe.episodes;
  if (reading.hold_out.empty()) reading.hold_out = data::held_out_factors(folder.training_set);  // the LeWM's split
  data::EpisodeDataset dataset = open_episodes_of(folder.preprocess, paths, reading);
  dataset.leave_out_unreadable(job.control);
  const nlohmann::json own = data::training_set_json(dataset, reading.hold_out);
  if (folder.training_set.is_null()) folder.training_set = own;
  data::join_contents(folder.training_set, own);
  require_picture_size(dataset, folder.preprocess.size);
  data::require_actions_fit(*folder.actions, dataset, recipe.init);
  const Lewm model = lewm_with_heads(folder, recipe.heads, seed, recipe.init, recipe.train.keep);
  RunFolder run(job.request.out, config_json(record), kLewmHeadsLaterKeys);
  const auto encode = [&](data::Split split) {
    return latent_episodes(dataset, split, model, folder.preprocess, *folder.actions, job.control);
  };
  LewmHeadsTask task(model, folder, encode(data::Split::kTrain), encode(data::Split::kHeldOut), recipe.train,
                     recipe.loop.steps, seed);
  return run_training(task, recipe.loop, run, recipe.train.batch, job, [&](const std::filesystem::path& out) {
    const LewmWorldModel world(model, *folder.actions, folder.preprocess);
    write_training_costs(out, world, sequence_reader(world, dataset));
  });
}

}  // namespace foresee
