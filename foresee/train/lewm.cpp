#include <nlohmann/json.hpp>

#include "foresee/train/jobs.h"
#include "foresee/train/lewm_data.h"
#include "foresee/train/run_training.h"

namespace foresee {

TrainResult train_lewm(const TrainJob& job) {
  const LewmRecipe preset = lewm_recipe(*job.origin.preset);
  auto record = resolved_record(job, preset);
  LewmRecipe& recipe = record.recipe;
  const auto seed = static_cast<uint64_t>(record.origin.seed);
  const data::EpisodeDataset dataset =
      open_episodes(episode_files(record.origin), recipe.episodes,
                    data::PictureFit{.size = recipe.model.vit.image_size, .rule = recipe.picture});
  take_sizes(dataset, preset, recipe);
  LewmTask task(recipe.model, recipe.train, lewm_train_data(dataset, recipe, seed), recipe.loop.steps, seed,
                *record.origin.preset, job.device);
  RunFolder run(job.request.out, config_json(record), kLewmLaterKeys);
  const int64_t frames = recipe.train.batch * lewm_clip_frames(recipe.model, recipe.train.loss);
  return run_training(task, recipe.loop, run, frames, job.control);
}

}  // namespace foresee
