#include "foresee/train/ac_data.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/episode/training_set/factors.h"
#include "data/episode/training_set/pace.h"
#include "foresee/train/latent_cache.h"
#include "foresee/train/moved_episodes.h"
#include "jepa/core/action/action_limits.h"
#include "jepa/core/epoch_order.h"
#include "jepa/core/error.h"
#include "jepa/core/files/hash.h"
#include "jepa/core/log.h"
#include "jepa/core/names.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"

namespace foresee {
namespace {

/// The log's numbers beside the pictures: small enough to be kept in memory.
struct LogColumns {
  std::vector<Tensor> actions;     // of each episode: double [rows, A]; undefined: not recorded
  std::vector<Tensor> states;      // double [rows, S]; undefined: not used
  std::vector<Tensor> extrinsics;  // double [rows, 6]; undefined: not used
};

LogColumns read_columns(const data::EpisodeDataset& dataset, const AcRecipe& recipe) {
  LogColumns out;
  for (int64_t episode = 0; episode < dataset.episodes(); ++episode) {
    const auto column = [&](const std::string& name) {
      return dataset.column(episode, name, 0, dataset.length(episode)).to(at::kDouble).flatten(1);
    };
    out.actions.push_back(recipe.actions == ActionSource::kRecorded ? column("action") : Tensor());
    out.states.push_back(recipe.state_update == StateUpdate::kNone ? Tensor() : column(recipe.state_column));
    out.extrinsics.push_back(recipe.predictor.use_extrinsics ? column(recipe.extrinsics_column) : Tensor());
  }
  return out;
}

/// From each state to the next. @param states  double [T, S]. @returns double [T - 1, S].
Tensor changes(const Tensor& states, StateUpdate update) {
  if (update == StateUpdate::kArmPose) return poses_to_diffs(states);
  return states.slice(0, 1) - states.slice(0, 0, -1);
}

/// Actions that are changes of the state, with the least and the largest of the training episodes as their limits.
ActionSpec change_spec(const data::EpisodeDataset& dataset, const AcRecipe& recipe) {
  ActionSpec spec{.size = dataset.column(0, recipe.state_column, 0, 1).numel()};
  std::vector<Tensor> all;
  for (const int64_t episode : dataset.episodes_of(data::Split::kTrain)) {
    const int64_t length = dataset.length(episode);
    const Tensor states = dataset.column(episode, recipe.state_column, 0, length).to(at::kDouble).flatten(1);
    for (int64_t first = 0; first < recipe.frameskip && first + recipe.frameskip < length; ++first)
      all.push_back(changes(states.slice(0, first, length, recipe.frameskip), recipe.state_update));
  }
  if (all.empty()) return spec;  // no clip either, which is said later
  Tensor rows = at::cat(all);
  rows = rows.index({at::isfinite(rows).all(/*dim=*/1)});
  if (rows.size(0) == 0) return spec;
  for (const auto& [list, values] :
       {std::pair{&spec.low, std::get<0>(rows.min(0))}, std::pair{&spec.high, std::get<0>(rows.max(0))}})
    list->assign(values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel());
  return spec;
}

/// What the columns give, clip by clip.
class ClipMaker {
 public:
  ClipMaker(const AcSource& source, const AcRecipe& recipe, const Vjepa2Ac& model, const Preprocess& preprocess,
            const JobControl& control)
      : recipe_(recipe),
        model_(model),
        spec_(action_spec(*source.dataset, recipe)),
        columns_(read_columns(*source.dataset, recipe)),
        latents_(source.latents, *source.dataset, model, preprocess, source.identity, control) {}

  static ActionSpec action_spec(const data::EpisodeDataset& dataset, const AcRecipe& recipe) {
    ActionSpec spec = recipe.actions == ActionSource::kRecorded ? dataset.action_spec(recipe.frameskip)
                                                                : change_spec(dataset, recipe);
    set_limits(spec, recipe.action_low, recipe.action_high);
    return spec;
  }

  /// @returns features [1, T * n, D], actions [1, T - 1, A], states [1, T, S].
  AcBatch clip(const data::EpisodeClip& at, int64_t frames) const {
    const auto episode = static_cast<size_t>(at.episode);
    const int64_t skip = recipe_.frameskip;
    AcBatch out;
    out.features = latents_.rows(at.episode, at.start, frames, skip).flatten(0, 1).unsqueeze(0);
    const Tensor states = raw_states(at, frames);
    Tensor actions;
    if (recipe_.actions == ActionSource::kRecorded) {
      const Tensor rows = columns_.actions[episode].narrow(0, at.start, (frames - 1) * skip);
      actions = spec_.normalise(rows.reshape({frames - 1, skip * rows.size(1)})).nan_to_num_(0.0);
    } else {
      actions = changes(states, recipe_.state_update);
    }
    out.actions = actions.to(at::kFloat).unsqueeze(0);
    out.states = model_.normalise_states(states).unsqueeze(0);
    if (const Tensor& poses = columns_.extrinsics[episode]; poses.defined())
      out.extrinsics = rows_of(poses, at, frames).to(at::kFloat).unsqueeze(0);
    return out;
  }

  /// double [T, S], the environment's units; zeros where none are used.
  Tensor raw_states(const data::EpisodeClip& at, int64_t frames) const {
    const Tensor& all = columns_.states[static_cast<size_t>(at.episode)];
    if (!all.defined()) return at::zeros({frames, model_.config.predictor.state_size}, at::kDouble);
    return rows_of(all, at, frames);
  }

  AcBatch batch(const std::vector<data::EpisodeClip>& clips, int64_t frames) const {
    std::vector<Tensor> features, actions, states, extrinsics;
    for (const auto& at : clips) {
      const AcBatch one = clip(at, frames);
      if (one.extrinsics.defined()) extrinsics.push_back(one.extrinsics);
      features.push_back(one.features);
      actions.push_back(one.actions);
      states.push_back(one.states);
    }
    return {at::cat(features), at::cat(actions), at::cat(states), extrinsics.empty() ? Tensor() : at::cat(extrinsics)};
  }

  const ActionSpec& spec() const { return spec_; }

 private:
  /// The rows of a clip's frames. @param all  [rows, ...] of its episode.
  Tensor rows_of(const Tensor& all, const data::EpisodeClip& at, int64_t frames) const {
    return all.slice(0, at.start, at.start + (frames - 1) * recipe_.frameskip + 1, recipe_.frameskip);
  }

  AcRecipe recipe_;
  Vjepa2Ac model_;
  ActionSpec spec_;
  LogColumns columns_;
  LatentCache latents_;
};

/// Every start of a split's episodes with room for `frames` frames, but for clips with a row that holds NaN or
/// infinity.
std::vector<data::EpisodeClip> clips_of(const data::EpisodeDataset& dataset, const AcRecipe& recipe, data::Split split,
                                        int64_t frames) {
  const LogColumns columns = read_columns(dataset, recipe);
  const int64_t skip = recipe.frameskip, span = (frames - 1) * skip;
  const auto finite = [](const Tensor& rows, int64_t first, int64_t count, int64_t step) {
    return !rows.defined() || at::isfinite(rows.slice(0, first, first + count, step)).all().item<bool>();
  };
  std::vector<data::EpisodeClip> clips;
  for (const int64_t episode : dataset.episodes_of(split)) {
    const auto e = static_cast<size_t>(episode);
    const Tensor &actions = columns.actions[e], &states = columns.states[e], &poses = columns.extrinsics[e];
    const int64_t length = dataset.length(episode);
    // Nearly every episode is whole, but for what its last row has no action for.
    const bool whole = finite(actions, 0, length - 1, 1) && finite(states, 0, length, 1) && finite(poses, 0, length, 1);
    for (int64_t start = 0; start + span < length; ++start)
      if (whole || (finite(actions, start, span, 1) && finite(states, start, span + 1, skip) &&
                    finite(poses, start, span + 1, skip)))
        clips.push_back({episode, start});
  }
  return clips;
}

AcHeldOut held_out_clips(const ClipMaker& maker, const data::EpisodeDataset& dataset, const AcRecipe& recipe) {
  int64_t frames = recipe.held_out_horizon + 1;
  auto all = clips_of(dataset, recipe, data::Split::kHeldOut, frames);
  while (all.empty() && frames > 2) all = clips_of(dataset, recipe, data::Split::kHeldOut, --frames);
  const auto total = static_cast<int64_t>(all.size()), count = std::min(total, recipe.held_out_sequences);
  if (count == 0) {
    log_warning("no held-out episode has {} frames, {} rows apart: training goes on without evaluation", frames,
                recipe.frameskip);
    return {};
  }
  if (frames <= recipe.held_out_horizon)
    log_warning("no held-out episode has {} frames, {} rows apart: {} of {} steps ahead are evaluated",
                recipe.held_out_horizon + 1, recipe.frameskip, frames - 1, recipe.held_out_horizon);
  std::vector<data::EpisodeClip> chosen;
  std::vector<Tensor> first;
  for (int64_t i = 0; i < count; ++i) {
    chosen.push_back(all[static_cast<size_t>(i * total / count)]);
    first.push_back(maker.raw_states(chosen.back(), 1)[0]);
  }
  return {maker.batch(chosen, frames), at::stack(first)};
}

}  // namespace

data::StateReading state_reading(const AcRecipe& recipe) {
  using Kind = data::StateReading::Kind;
  const Kind kind = recipe.state_update == StateUpdate::kArmPose ? Kind::kArmPose
                    : recipe.state_update == StateUpdate::kAdd   ? Kind::kAdd
                                                                 : Kind::kUnknown;
  return {kind, recipe.state_column, recipe.actions == ActionSource::kRecorded};
}

std::string episodes_identity(const std::vector<std::filesystem::path>& paths, const data::EpisodeDataset& dataset,
                              const AcRecipe& recipe, const Preprocess& preprocess) {
  std::string text;
  for (const auto& path : paths) text += (text.empty() ? "" : "; ") + identity_of_set(path);
  uint64_t hash = kHashSeed;
  for (int64_t e = 0; e < dataset.episodes(); ++e) {
    const uint64_t of_episode[] = {dataset.id(e), static_cast<uint64_t>(dataset.length(e))};
    hash = hash_words(of_episode, sizeof of_episode, hash);
  }
  return fmt::format("{}; camera '{}', {}, {} episodes ({:016x})", text, recipe.episodes.camera,
                     name_of(kPictureShapeNames, preprocess.picture), dataset.episodes(), hash);
}

Vjepa2Ac ac_model(const data::EpisodeDataset& dataset, const AcRecipe& recipe, std::shared_ptr<VideoEncoder> encoder) {
  const bool states = recipe.state_update != StateUpdate::kNone;
  if (recipe.actions == ActionSource::kRecorded && !dataset.has("action"))
    fail<DataError>("the episodes have no column 'action'; actions=state_change takes them from the states");
  if (states && !dataset.has(recipe.state_column))
    fail<DataError>("the episodes have no column '{}'{}: set state_column, or state_update=none", recipe.state_column,
                    dataset.has("proprio") ? " (but 'proprio')" : "");
  if (recipe.state_update == StateUpdate::kArmPose)
    if (const int64_t size = dataset.column(0, recipe.state_column, 0, 1).numel(); size != kArmPoseSize)
      fail<DataError>("column '{}' has {} numbers, a pose has {}: set state_update=add or state_update=none",
                      recipe.state_column, size, kArmPoseSize);
  Vjepa2AcConfig config;
  config.encoder = encoder->config;
  config.predictor = recipe.predictor;
  if (recipe.predictor.use_extrinsics) {
    if (!dataset.has(recipe.extrinsics_column))
      fail<DataError>(
          "the episodes have no column '{}' with the camera's pose: set extrinsics_column, or "
          "predictor.use_extrinsics=false",
          recipe.extrinsics_column);
    config.predictor.extrinsics_size = dataset.column(0, recipe.extrinsics_column, 0, 1).numel();
  }
  config.state_update = recipe.state_update;
  config.predictor.action_size = ClipMaker::action_spec(dataset, recipe).block_size();
  if (states) {
    config.predictor.state_size = dataset.column(0, recipe.state_column, 0, 1).numel();
    if (recipe.state_update == StateUpdate::kAdd) {  // any units: poses of arms are metres and radians already
      const data::ColumnStatistics statistics = dataset.statistics(recipe.state_column);
      config.state_mean = statistics.mean;
      for (const double deviation : statistics.std) config.state_std.push_back(std::max(deviation, 1e-6));
    }
  }
  config.validate();
  return Vjepa2Ac(config, std::move(encoder));
}

AcTrainData ac_train_data(const AcSource& source, const AcRecipe& recipe, const Vjepa2Ac& model,
                          const PictureSpec& said, uint64_t seed, const JobControl& control) {
  const data::EpisodeDataset& dataset = *source.dataset;
  const PictureSpec preprocess = action_pictures(said, model.config);
  auto clips = std::make_shared<const std::vector<data::EpisodeClip>>(
      clips_of(dataset, recipe, data::Split::kTrain, recipe.train.frames));
  const int64_t batch = recipe.train.batch, per_epoch = static_cast<int64_t>(clips->size()) / batch;
  if (per_epoch == 0)
    fail<DataError>("{} clips are fewer than a batch of {}: {}", clips->size(), batch,
                    dataset.why_few_clips({.frames = recipe.train.frames, .frameskip = recipe.frameskip, .columns = {}},
                                          data::Split::kTrain));
  auto maker = std::make_shared<const ClipMaker>(source, recipe, model, preprocess, control);
  log_info("{} episodes ({} held out), {} clips, {} steps an epoch", dataset.episodes(),
           dataset.episodes_of(data::Split::kHeldOut).size(), clips->size(), per_epoch);
  AcTrainData out;
  out.grid = model.grid();
  out.preprocess = preprocess;
  out.encoder = source.encoder;
  out.training_set = data::training_set_json(dataset, recipe.episodes.hold_out);
  data::say_pace(out.training_set, dataset, recipe.frameskip);
  out.actions = maker->spec();
  out.held_out = held_out_clips(*maker, dataset, recipe);
  out.batch = [=, frames = recipe.train.frames,
               order = EpochOrder(static_cast<int64_t>(clips->size()), batch, seed)](int64_t step) mutable {
    std::vector<data::EpisodeClip> chosen;
    for (const int64_t item : order.batch(step)) chosen.push_back((*clips)[static_cast<size_t>(item)]);
    return maker->batch(chosen, frames);
  };
  return out;
}

SequenceReader ac_sequences(const AcSource& source, const AcRecipe& recipe, const Vjepa2AcWorldModel& model) {
  const auto maker = std::make_shared<const ClipMaker>(source, recipe, model.model(), model.preprocess(), JobControl());
  SequenceReader out{.dataset = source.dataset, .rows = recipe.frameskip};
  if (recipe.state_update != StateUpdate::kNone) out.columns.push_back(recipe.state_column);
  if (recipe.predictor.use_extrinsics) out.columns.push_back(recipe.extrinsics_column);
  out.read = [maker, &model](std::span<const data::EpisodeClip> clips, int64_t horizon) {
    const AcBatch batch = maker->batch({clips.begin(), clips.end()}, horizon + 1);
    const FrameGrid grid = model.model().grid();
    const Tensor features = batch.features.unflatten(1, {horizon + 1, grid.tokens()});  // [B, T, n, D]
    std::vector<Tensor> states;
    for (const auto& at : clips) states.push_back(maker->raw_states(at, 1));
    Observation rest;
    rest.state = at::stack(states);
    if (batch.extrinsics.defined()) rest.extrinsics = batch.extrinsics.slice(1, 0, 1);
    return SeenSequences{model.encode_features(features.slice(1, 0, 1), grid, rest), features.select(1, horizon),
                         batch.actions};
  };
  return out;
}

}  // namespace foresee
