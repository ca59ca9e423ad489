#include "tools/lewm_data.h"

#include <torch/torch.h>

#include <algorithm>

#include "data/episode/clip_loader.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"

namespace foresee::tools {
namespace {

constexpr int64_t kProbeNumbers = 2;  // x and y

/// [B, T, frameskip, A] in environment units -> [B, T, frameskip * A], normalised, without NaN.
Tensor normalised_blocks(const ActionSpec& spec, const Tensor& actions) {
  return spec.normalise(actions).nan_to_num_(0.0);
}

LewmHeldOut held_out_sequences(const data::EpisodeDataset& dataset, const LewmRecipe& recipe, const ActionSpec& spec) {
  data::ClipShape shape;
  shape.frames = recipe.model.predictor.frames + recipe.held_out_horizon;
  shape.frameskip = recipe.frameskip;
  const char* const state = dataset.has("state") ? "state" : dataset.has("proprio") ? "proprio" : nullptr;
  if (state) shape.columns.push_back(state);
  const auto all = dataset.clips(shape, data::Split::kHeldOut);
  const auto total = static_cast<int64_t>(all.size()), count = std::min(total, recipe.held_out_sequences);
  if (count == 0) {
    log_warning("no held-out episode has {} steps: training goes on without evaluation", shape.span());
    return {};
  }
  std::vector<data::Clip> chosen;
  for (int64_t i = 0; i < count; ++i) chosen.push_back(all[static_cast<size_t>(i * total / count)]);
  data::ClipBatch batch = dataset.read(shape, chosen);
  LewmHeldOut out{batch.frames, normalised_blocks(spec, batch.actions), {}};
  if (state) {
    const Tensor values = batch.columns.at(state).flatten(2);
    out.state = values.slice(2, 0, std::min(kProbeNumbers, values.size(2)));
  }
  return out;
}

}  // namespace

LewmTrainData lewm_train_data(const data::EpisodeDataset& dataset, const LewmRecipe& recipe, uint64_t seed) {
  const int64_t size = recipe.model.vit.image_size;
  if (dataset.height() != size || dataset.width() != size)
    fail<DataError>("the episodes hold pictures of {} x {} pixels, the model takes {} x {} (model.vit.image_size)",
                    dataset.height(), dataset.width(), size, size);
  LewmTrainData out;
  out.actions = dataset.action_spec(recipe.frameskip);
  out.preprocess.size = size;
  out.held_out = held_out_sequences(dataset, recipe, out.actions);
  const data::ClipShape shape{
      .frames = recipe.model.predictor.frames + 1, .frameskip = recipe.frameskip, .columns = {}};
  if (dataset.clips(shape, data::Split::kTrain).empty())
    fail<DataError>("none of {} episodes has {} steps: a clip is {} frames, {} steps apart", dataset.episodes(),
                    shape.span(), shape.frames, shape.frameskip);
  const data::LoaderConfig loading{.batch = recipe.train.batch, .seed = seed};
  auto loader = std::make_shared<data::ClipLoader>(dataset, shape, loading);
  log_info("{} episodes ({} held out), {} clips, {} steps an epoch", dataset.episodes(),
           dataset.episodes_of(data::Split::kHeldOut).size(), loader->clips(), loader->steps_per_epoch());
  out.batch = [loader, spec = out.actions](int64_t step) {
    data::ClipBatch batch = loader->batch(step);
    return LewmBatch{batch.frames, normalised_blocks(spec, batch.actions)};
  };
  return out;
}

}  // namespace foresee::tools
