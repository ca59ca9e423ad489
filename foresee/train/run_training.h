#pragma once

#include "foresee/settings/settings_json.h"
#include "foresee/train/trainers.h"
#include "jepa/train/loop.h"

namespace foresee {

/// The run's record: the recipe of the preset, the settings over it, then steps and checkpoints of the request.
/// @throws ConfigError.
template <class Recipe>
RunRecord<Recipe> resolved_record(const TrainJob& job, Recipe recipe) {
  RunRecord<Recipe> record{job.origin, std::move(recipe)};
  record = parse_config(job.settings, settings_place(job.request.options.settings, "train"), std::move(record));
  LoopConfig& loop = record.recipe.loop;
  loop.steps = job.request.steps.value_or(loop.steps);
  loop.checkpoint_every = job.request.checkpoint_every.value_or(loop.checkpoint_every);
  return record;
}

/// The episode files of a job. @throws RequestError where none is named, DataError for one that is not there.
const std::vector<std::filesystem::path>& episode_files(const TrainJob& job);

/// Remembers the data, runs the loop and says what came of it. @param frames_per_step  for the rate.
/// @param finish  as run_loop's.
TrainResult run_training(TrainTask& task, const LoopConfig& loop, RunFolder& run, int64_t frames_per_step,
                         const TrainJob& job, const FinishCheckpoint& finish = {});

}  // namespace foresee
