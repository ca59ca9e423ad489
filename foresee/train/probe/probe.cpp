#include <nlohmann/json.hpp>

#include "foresee/train/frozen_encoder.h"
#include "foresee/train/jobs.h"
#include "foresee/train/probe/probe_data.h"
#include "foresee/train/run_training.h"
#include "jepa/core/error.h"
#include "jepa/model/vjepa2/models.h"

namespace foresee {

TrainResult train_probe(const TrainJob& job) {
  if (job.origin.data.size() != 1)
    throw RequestError("data", "expected one list of labelled clips, 'PATH LABEL' in each line");
  const LabelledClips listed = read_labelled_clips(job.origin.data.front());
  Vjepa2Weights weights = frozen_encoder(job);
  const std::shared_ptr<VideoEncoder> encoder = make_encoder(weights);
  const int64_t width = encoder->config.width;
  ProbeRecipe defaults;  // what is known comes first: the reader checks heads against the width
  defaults.probe.width = width;
  if (width % defaults.probe.heads != 0) defaults.probe.heads = encoder->config.heads;  // small encoders
  defaults.probe.classes = {static_cast<int64_t>(listed.labels.size())};
  auto record = resolved_record(job, defaults);
  const ProbeRecipe& recipe = record.recipe;
  if (recipe.probe.width != width)
    fail<ConfigError>("probe.width: expected {} (the encoder's), got {}", width, recipe.probe.width);
  record_weights(record.origin, *encoder);
  weights.preprocess = probe_pictures(weights.preprocess, recipe);

  RunFolder run(job.request.out, config_json(record));  // refuses another config before hours of encoding
  const auto seed = static_cast<uint64_t>(record.origin.seed);
  const ProbeSource source{weights, encoder, *record.origin.encoder_weights, latents_folder(job.request)};
  ProbeData data = probe_data(listed, source, recipe, seed, job.control);
  weights.probe.reset();
  ProbeTask task(recipe.probe, recipe.train, std::move(data), std::move(weights), recipe.loop.steps, seed);
  return run_training(task, recipe.loop, run, recipe.train.batch * recipe.frames, job);
}

}  // namespace foresee
