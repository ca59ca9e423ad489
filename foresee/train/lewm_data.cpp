#include "foresee/train/lewm_data.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "data/episode/episode_loader.h"
#include "data/episode/training_set/factors.h"
#include "data/episode/training_set/pace.h"
#include "foresee/train/findings.h"
#include "jepa/core/action/action_limits.h"
#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"

namespace foresee {
namespace {

constexpr int64_t kProbeNumbers = 8;  // of a state, at most

/// What the probes look for: a column, how many of its numbers, and their names. The last may be an angle in rad.
struct ProbeTarget {
  std::string column;
  int64_t numbers;
  std::vector<std::string> names;
  bool ends_in_angle = false;

  /// @param rows  float [..., columns]. @returns float [..., numbers], or with sine and cosine of the angle behind.
  Tensor of(const Tensor& rows) const {
    const Tensor kept = rows.slice(-1, 0, numbers);
    if (!ends_in_angle) return kept;
    const Tensor angle = kept.slice(-1, numbers - 1);
    return at::cat({kept, angle.sin(), angle.cos()}, -1);
  }
};

std::optional<ProbeTarget> probe_target(const data::EpisodeDataset& dataset) {
  const char* const column = dataset.has("state") ? "state" : dataset.has("proprio") ? "proprio" : nullptr;
  if (column == nullptr) return std::nullopt;
  const int64_t size = dataset.column(0, column, 0, 1).numel();
  // Push-T: agent, block, angle, then velocities, which one picture does not show.
  if (dataset.has("block_pose"))
    return ProbeTarget{column,
                       std::min<int64_t>(5, size),
                       {"agent_x", "agent_y", "block_x", "block_y", "angle", "angle_sin", "angle_cos"},
                       /*ends_in_angle=*/size >= 5};
  if (size == 2 && dataset.has("pos_agent")) return ProbeTarget{column, 2, {"agent_x", "agent_y"}};
  return ProbeTarget{column, std::min(size, kProbeNumbers), {}};
}

/// `count` of the clips, evenly spread.
std::vector<data::EpisodeClip> spread(const std::vector<data::EpisodeClip>& all, int64_t count) {
  const auto total = static_cast<int64_t>(all.size());
  std::vector<data::EpisodeClip> chosen;
  for (int64_t i = 0; i < std::min(count, total); ++i)
    chosen.push_back(all[static_cast<size_t>(i * total / std::min(count, total))]);
  return chosen;
}

/// Columns that a model reads beside pictures and actions.
std::vector<std::string> model_columns(const data::EpisodeDataset& dataset, const LewmConfig& model) {
  if (model.proprioception == 0) return {};
  if (!dataset.has("proprio"))
    fail<DataError>("the model takes {} numbers of column 'proprio' (model.proprioception), the episodes have none",
                    model.proprioception);
  const int64_t size = dataset.column(0, "proprio", 0, 1).numel();
  if (size != model.proprioception)
    fail<DataError>("column 'proprio' has {} numbers, the model takes {} (model.proprioception)", size,
                    model.proprioception);
  return {"proprio"};
}

Tensor proprio_of(const data::ClipBatch& batch) {  // [B, T, S]
  const auto found = batch.columns.find("proprio");
  return found == batch.columns.end() ? Tensor() : found->second.flatten(2).nan_to_num(0.0);
}

/// [..., block, A] in environment units -> [..., block * A], normalised, without NaN.
Tensor normalised_blocks(const ActionSpec& spec, const Tensor& actions) {
  return spec.normalise(actions.flatten(-2)).nan_to_num_(0.0);  // flat: a block of one looks like none
}

/// Shuffled batches of a set's training clips. @param dataset  outlives the result.
std::function<LewmBatch(int64_t step)> batches(const data::EpisodeDataset& dataset, const data::ClipShape& shape,
                                               int64_t size, uint64_t seed, const ActionSpec& spec) {
  const auto clips = static_cast<int64_t>(dataset.clips(shape, data::Split::kTrain).size());
  if (clips == 0) fail<DataError>("no clip to train on: {}", dataset.why_few_clips(shape, data::Split::kTrain));
  if (clips < size)
    log_warning("{} clips are fewer than a batch of {}: a batch is all of them ({})", clips, size,
                dataset.why_few_clips(shape, data::Split::kTrain));
  const data::LoaderConfig loading{.batch = std::min(size, clips), .seed = seed};
  auto loader = std::make_shared<data::EpisodeLoader>(dataset, shape, loading);
  log_info("{} episodes ({} held out), {} clips, {} steps an epoch", dataset.episodes(),
           dataset.episodes_of(data::Split::kHeldOut).size(), loader->clips(), loader->steps_per_epoch());
  return [loader, spec](int64_t step) {
    data::ClipBatch batch = loader->batch(step);
    return LewmBatch{batch.frames, normalised_blocks(spec, batch.actions), proprio_of(batch)};
  };
}

/// How many clips of a batch come from the old scene: at least one, and not all. @throws ConfigError.
int64_t old_clips(const LewmRecipe& recipe) {
  const double share = recipe.rehearsal.share;
  if (!(share > 0 && share < 1))
    fail<ConfigError>("rehearsal.share: expected a share of the batch between 0 and 1, got {}", share);
  const auto clips = static_cast<int64_t>(std::lround(share * static_cast<double>(recipe.train.batch)));
  return std::clamp<int64_t>(clips, 1, recipe.train.batch - 1);
}

PictureShape shape_of(PictureRule rule) {
  if (rule == PictureRule::kCrop) return PictureShape::kCrop;
  return rule == PictureRule::kPad ? PictureShape::kPad : PictureShape::kResize;
}

}  // namespace

void require_picture_size(const data::EpisodeDataset& dataset, int64_t size) {
  if (dataset.height() != size || dataset.width() != size)
    fail<DataError>("the episodes hold pictures of {} x {} pixels, the model takes {} x {} (model.vit.image_size)",
                    dataset.height(), dataset.width(), size, size);
}

data::EpisodeDataset open_episodes(const std::vector<std::filesystem::path>& paths, const EpisodeReading& reading,
                                   const std::optional<data::PictureFit>& fit, const data::StateReading& state) {
  data::EpisodeDataset dataset(paths, data::EpisodeDataset::kCacheBytes,
                               {.camera = reading.camera, .tolerance_s = reading.tolerance_s, .strict = reading.strict},
                               fit);
  report_findings(dataset.findings(state), reading);
  dataset.hold_out(reading.hold_out);
  return dataset;
}

data::EpisodeDataset open_episodes_of(const Preprocess& preprocess, const std::vector<std::filesystem::path>& paths,
                                      EpisodeReading reading) {
  if (reading.camera.empty()) reading.camera = fmt::format("{}", fmt::join(preprocess.cameras, ","));
  return open_episodes(paths, reading, data::fit_of(preprocess));
}

void take_sizes(const data::EpisodeDataset& dataset, const LewmRecipe& preset, LewmRecipe& recipe) {
  if (dataset.action_size() == 0) return;
  const int64_t block = dataset.action_size() * recipe.frameskip;
  if (recipe.model.action_block == preset.model.action_block) recipe.model.action_block = block;
}

data::ClipShape held_out_shape(const LewmRecipe& recipe) {
  return {.frames = recipe.model.predictor.history() + recipe.held_out_horizon,
          .frameskip = recipe.frameskip,
          .columns = {}};
}

std::string why_none_held_out(const data::EpisodeDataset& dataset, const LewmRecipe& recipe) {
  if (dataset.episodes_of(data::Split::kHeldOut).empty())
    return fmt::format("none of {} episodes is held out", dataset.episodes());
  data::ClipShape shape = held_out_shape(recipe);
  shape.frames -= recipe.held_out_horizon - 1;
  return fmt::format("no held-out episode has {} rows, which one prediction takes ({})", shape.span(),
                     dataset.why_few_clips(shape, data::Split::kHeldOut));
}

LewmHeldOut lewm_held_out(const data::EpisodeDataset& dataset, const LewmRecipe& recipe, const ActionSpec& spec) {
  require_picture_size(dataset, recipe.model.vit.image_size);
  data::ClipShape shape = held_out_shape(recipe);
  const int64_t shortest = shape.frames - recipe.held_out_horizon + 1;
  while (shape.frames > shortest && dataset.clips(shape, data::Split::kHeldOut).empty()) --shape.frames;
  shape.columns = model_columns(dataset, recipe.model);
  const bool takes_proprio = !shape.columns.empty();
  const auto target = probe_target(dataset);
  if (target && !(takes_proprio && target->column == "proprio")) shape.columns.push_back(target->column);
  const auto chosen =
      dataset.readable(shape, spread(dataset.clips(shape, data::Split::kHeldOut), recipe.held_out_sequences));
  if (chosen.empty()) return {};
  if (const int64_t horizon = shape.frames - shortest + 1; horizon < recipe.held_out_horizon)
    log_warning("no held-out episode has {} rows: {} of {} blocks ahead are evaluated", held_out_shape(recipe).span(),
                horizon, recipe.held_out_horizon);
  data::ClipBatch batch = dataset.read(shape, chosen);
  LewmHeldOut out{batch.frames, normalised_blocks(spec, batch.actions), {}};
  if (takes_proprio) out.proprio = proprio_of(batch);
  if (!target) return out;
  out.factors = target->names;
  out.state = target->of(batch.columns.at(target->column).flatten(2));
  if (recipe.probe_frames == 0) return out;
  shape.frames = shape.frameskip = 1;
  const data::ClipBatch fitted = dataset.read(
      shape, dataset.readable(shape, spread(dataset.clips(shape, data::Split::kTrain), recipe.probe_frames)));
  out.probe_frames = fitted.frames.flatten(0, 1);
  out.probe_state = target->of(fitted.columns.at(target->column).flatten(2).flatten(0, 1));
  if (takes_proprio) out.probe_proprio = proprio_of(fitted).flatten(0, 1);
  return out;
}

LewmTrainData lewm_train_data(const data::EpisodeDataset& dataset, const LewmRecipe& recipe, uint64_t seed,
                              const std::optional<ActionSpec>& actions, const data::EpisodeDataset* old) {
  LewmTrainData out;
  out.actions = actions ? *actions : dataset.action_spec(recipe.frameskip, recipe.actions);
  set_limits(out.actions, recipe.action_low, recipe.action_high);
  out.preprocess.size = recipe.model.vit.image_size;
  out.preprocess.picture = shape_of(recipe.picture);
  out.preprocess = with_transform(out.preprocess, PictureTransform::kFit);
  out.preprocess.cameras = recipe.episodes.cameras();
  out.training_set = data::training_set_json(dataset, recipe.episodes.hold_out);
  data::say_pace(out.training_set, dataset, recipe.frameskip);
  out.held_out = lewm_held_out(dataset, recipe, out.actions);
  if (!out.held_out.frames.defined())
    log_warning("{}: training goes on without evaluation", why_none_held_out(dataset, recipe));
  const data::ClipShape shape{.frames = lewm_clip_frames(recipe.model, recipe.train.loss),
                              .frameskip = recipe.frameskip,
                              .columns = model_columns(dataset, recipe.model)};
  if (!shape.columns.empty()) {
    const auto statistics = dataset.statistics("proprio");
    out.proprio_mean = statistics.mean;
    out.proprio_std = statistics.std;
  }
  if (old == nullptr) {
    out.batch = batches(dataset, shape, recipe.train.batch, seed, out.actions);
    return out;
  }
  const int64_t of_old = old_clips(recipe);
  out.old_held_out = lewm_held_out(*old, recipe, out.actions);
  out.batch = [fresh = batches(dataset, shape, recipe.train.batch - of_old, seed, out.actions),
               known = batches(*old, shape, of_old, seed, out.actions)](int64_t step) {
    const LewmBatch a = fresh(step), b = known(step);
    return LewmBatch{at::cat({a.frames, b.frames}), at::cat({a.actions, b.actions}),
                     a.proprio.defined() ? at::cat({a.proprio, b.proprio}) : Tensor()};
  };
  return out;
}

LatentEpisodes latent_episodes(const data::EpisodeDataset& dataset, data::Split split, const Lewm& model,
                               const Preprocess& preprocess, const ActionSpec& spec, const JobControl& control) {
  constexpr int64_t kPictures = 256;  // encoded at a time
  const torch::NoGradGuard no_grad;
  const auto episodes = dataset.episodes_of(split);
  LatentEpisodes out;
  std::vector<Tensor> embeddings, actions;
  auto places = std::make_shared<std::vector<data::EpisodeClip>>();  // of every row
  Progress progress(control, "encode", static_cast<int64_t>(episodes.size()), "episodes");
  for (const int64_t episode : episodes) {
    if (control.stopping()) fail<Interrupted>("interrupted before the training began; nothing was written");
    const int64_t length = dataset.length(episode);
    for (int64_t row = 0; row < length; row += kPictures) {
      const int64_t count = std::min(kPictures, length - row);
      const Tensor proprio = model->config.proprioception > 0
                                 ? dataset.column(episode, "proprio", row, count).flatten(1).to(at::kFloat)
                                 : Tensor();
      embeddings.push_back(model->embed(dataset.frames(episode, row, count), preprocess, proprio));
    }
    const Tensor raw = dataset.column(episode, "action", 0, length).to(at::kFloat);  // [T, A]
    ActionSpec single = spec;
    single.block = 1;
    actions.push_back(normalised_blocks(single, raw.unsqueeze(1)));
    out.length.push_back(length);
    for (int64_t row = 0; row < length; ++row) places->push_back({episode, row});
    progress.update(static_cast<int64_t>(out.length.size()), "");
  }
  progress.finish();
  if (episodes.empty()) return out;
  out.embeddings = at::cat(embeddings);
  out.actions = at::cat(actions);
  out.pictures = [&dataset, places](const Tensor& rows) {
    std::vector<Tensor> frames;
    for (int64_t i = 0; i < rows.size(0); ++i) {
      const data::EpisodeClip& place = (*places)[static_cast<size_t>(rows[i].item<int64_t>())];
      frames.push_back(dataset.frames(place.episode, place.start, 1));
    }
    return at::cat(frames);
  };
  return out;
}

}  // namespace foresee
