#include <nlohmann/json.hpp>

#include "foresee/train/ac_data.h"
#include "foresee/train/frozen_encoder.h"
#include "foresee/train/jobs.h"
#include "foresee/train/lewm_data.h"
#include "foresee/train/run_training.h"
#include "jepa/core/log.h"
#include "jepa/core/memory.h"
#include "jepa/model/vjepa2/models.h"
#include "jepa/nn/activation_bytes.h"

namespace foresee {
namespace {

/// Refuses a step that cannot fit into memory.
void check_step(const AcRecipe& recipe, const VideoEncoderConfig& encoder) {
  const ActionPredictorConfig& predictor = recipe.predictor;
  const auto real = [](int64_t value) { return static_cast<double>(value); };
  const double side = real(encoder.image_size) / real(encoder.patch_size), tokens = side * side + 2;
  check_memory(training_bytes(real(recipe.train.batch) * real(recipe.train.frames) * tokens, predictor.width,
                              predictor.mlp_ratio * real(predictor.width), predictor.depth),
               fmt::format("a step of {} clips of {} frames (train.batch, train.frames)", recipe.train.batch,
                           recipe.train.frames));
}

}  // namespace

TrainResult train_action_predictor(const TrainJob& job) {
  auto record = resolved_record(job, ac_recipe(*job.origin.preset));
  const AcRecipe& recipe = record.recipe;
  recipe.validate();
  const auto& paths = episode_files(job);
  const auto seed = static_cast<uint64_t>(record.origin.seed);
  const Vjepa2Weights weights = frozen_encoder(job);
  const PictureSpec preprocess = ac_pictures(recipe, weights.preprocess, weights.config.encoder);
  data::EpisodeDataset dataset = open_episodes(paths, recipe.episodes, data::fit_of(preprocess), state_reading(recipe));
  dataset.leave_out_unreadable(job.control);
  const Vjepa2Ac model = ac_model(dataset, recipe, make_encoder(weights));
  check_step(recipe, model.config.encoder);
  record_weights(record.origin, *model.encoder);

  RunFolder run(job.request.out, config_json(record), kAcLaterKeys);  // refuses another config before hours of encoding
  const AcSource source{&dataset, episodes_identity(paths, dataset, recipe, preprocess), latents_folder(job.request),
                        weights.taken};
  AcTrainData data = ac_train_data(source, recipe, model, preprocess, seed, job.control);
  const ActionSpec actions = data.actions;
  const PictureSpec pictures = data.preprocess;
  AcTask task(model, recipe.train, std::move(data), recipe.loop.steps, seed, *record.origin.preset);
  const int64_t frames = recipe.train.batch * recipe.train.frames;
  return run_training(task, recipe.loop, run, frames, job, [&](const std::filesystem::path& folder) {
    if (job.control.stopping()) return;  // a large predictor takes minutes
    log_info("measuring what plans are judged by ({})", kTrainingCostsFile);
    const Vjepa2AcWorldModel world(model, actions, pictures);
    write_training_costs(folder, world, ac_sequences(source, recipe, world), job.control);
  });
}

}  // namespace foresee
