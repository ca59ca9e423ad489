#include <nlohmann/json.hpp>

#include "foresee/train/jobs.h"
#include "foresee/train/lewm_data.h"
#include "foresee/train/run_training.h"

namespace foresee {

TrainResult train_lewm(const TrainJob& job) {
  const auto record = resolved_record(job, lewm_recipe(*job.origin.preset));
  const LewmRecipe& recipe = record.recipe;
  const auto seed = static_cast<uint64_t>(record.origin.seed);
  const data::EpisodeDataset dataset(episode_files(record.origin));
  LewmTask task(recipe.model, recipe.train, lewm_train_data(dataset, recipe, seed), recipe.loop.steps, seed,
                *record.origin.preset, job.device);
  RunFolder run(job.request.out, config_json(record));
  const int64_t frames = recipe.train.batch * lewm_clip_frames(recipe.model, recipe.train.loss);
  return run_training(task, recipe.loop, run, frames, job.control);
}

}  // namespace foresee
