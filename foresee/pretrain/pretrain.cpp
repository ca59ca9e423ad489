#include "foresee/pretrain.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "foresee/pretrain/check_clips.h"
#include "foresee/pretrain/moved_videos.h"
#include "foresee/pretrain/pretrain_on.h"
#include "foresee/pretrain/recipe.h"
#include "foresee/settings/agree.h"
#include "foresee/settings/device.h"
#include "foresee/settings/interrupted_run.h"
#include "foresee/settings/job_output.h"
#include "foresee/settings/provenance.h"
#include "foresee/settings/run_request.h"
#include "foresee/settings/settings_json.h"
#include "foresee/settings/threads.h"
#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/log.h"
#include "jepa/core/memory.h"
#include "jepa/core/names.h"
#include "jepa/io/checkpoint.h"
#include "jepa/nn/activation_bytes.h"
#include "jepa/train/masked/task.h"
#include "jepa/train/run_record.h"

namespace foresee {
namespace {

using PretrainRecord = RunRecord<PretrainRecipe>;

/// Clips that do not change in a run: the loader's own draws, from a seed of their own.
/// @param augment  false: the centre crop, not flipped; true: the same frames, cut as in training.
data::VideoBatch fixed_clips(const data::VideoSet& videos, const std::vector<data::FrameRange>& ranges,
                             const PretrainRecipe& recipe, const data::Normalisation& normalisation, uint64_t seed,
                             bool augment) {
  data::VideoLoaderConfig config = recipe.loader;
  config.augment = augment;
  config.batch = recipe.held_out_clips;
  config.ahead = 0;
  return data::VideoLoader(videos, ranges, config, normalisation, ~seed).batch(0);
}

/// What is written beside the weights: clips as the loader gives them, without the random crops.
PictureSpec pretraining_pictures(const PretrainRecipe& recipe) {
  const PictureSpec spec{.size = recipe.loader.size,
                         .colours = std::string(name_of(data::kColourConversionNames, recipe.loader.colours)),
                         .frames = recipe.loader.clip.frames,
                         .fps = recipe.loader.clip.fps};
  return with_transform(spec, PictureTransform::kOfficialTensor);
}

/// The first or the last row with a score.
Metrics score_at(const std::vector<std::pair<int64_t, Metrics>>& rows, bool last) {
  Metrics found;
  for (const auto& [step, metrics] : rows) {
    if (std::isnan(metric(metrics, "skill"))) continue;
    found = metrics;
    if (!last) break;
  }
  return found;
}

/// The recipe of the preset, the settings over it, then the request's own members.
PretrainRecord resolved_record(const PretrainRequest& request) {
  nlohmann::json settings = settings_json(earlier_settings(request.out, kPretrainLaterKeys), request.options.settings);
  agree(settings, "family", "vjepa2", "family");
  if (!request.preset.empty()) agree(settings, "preset", request.preset, "preset");
  if (request.options.seed != 0) agree(settings, "seed", request.options.seed, "seed");
  if (!request.from.empty()) agree(settings, "from", request.from.string(), "from");
  const std::string place = settings_place(request.options.settings, "pretrain");
  PretrainRecord record;
  record.origin =
      read_origin(settings, place, {.family = "vjepa2", .preset = kUsualPretrainPreset, .data_key = "videos"});
  record.recipe = pretrain_recipe(*record.origin.preset);
  if (request.cool_down) record.recipe.cool_down();
  record = parse_config(settings, place, std::move(record));
  PretrainRecipe& recipe = record.recipe;
  if (request.cool_down && recipe.from.empty())
    throw RequestError(
        "from", "the cool-down goes on with trained networks: expected a run folder or Meta's .pt to begin with");
  recipe.loop.steps = request.steps.value_or(recipe.loop.steps);
  recipe.loop.checkpoint_every = request.checkpoint_every.value_or(recipe.loop.checkpoint_every);
  recipe.validate();
  return record;
}

/// Refuses a step that cannot fit into memory. On a GPU its own allocator says so.
void check_step(const PretrainRecipe& recipe) {
  constexpr double kLeastSeen = 0.05;  // share of the tokens that a mask leaves to the encoder, at least
  const VideoEncoderConfig& encoder = recipe.training.model.encoder;
  const auto real = [](int64_t value) { return static_cast<double>(value); };
  const double side = real(recipe.loader.size) / real(encoder.patch_size);
  const double tokens =
      real(recipe.loader.batch) * real(recipe.loader.clip.frames) / real(encoder.tubelet_size) * side * side;
  const double mlp = encoder.mlp_ratio * real(encoder.width);
  check_memory(forward_bytes(tokens, encoder.width, mlp) +
                   training_bytes(kLeastSeen * tokens, encoder.width, mlp, encoder.depth),
               fmt::format("a step of {} clips of {} frames of {} px (loader.batch, model.encoder.frames, image_size)",
                           recipe.loader.batch, recipe.loader.clip.frames, recipe.loader.size));
}

/// Trains on the videos, or goes on from the run's latest checkpoint.
PretrainResult run_pretraining(data::VideoSet videos, PretrainRecord record, const PretrainRequest& request,
                               const JobControl& control) {
  const PretrainRecipe& recipe = record.recipe;
  if (job_device(request.options.device).is_cpu()) check_step(recipe);
  std::vector<std::string> opened = paths_in_run(request.out, videos);
  const data::VideoSplit split = data::hold_out(videos, recipe.hold_out);
  if (split.train.empty() || split.held_out.empty())
    fail<DataError>("the videos are too short to learn from and to test on ({}); give more or longer ones", split.rule);
  log_info("{} videos, {} frames, {}", videos.files.size(), videos.frame_count(), split.rule);

  if (!record.origin.data.empty() && record.origin.data != opened)
    throw RequestError("data", "the settings were made for other videos than those that were opened");
  record.origin.data = std::move(opened);
  const auto seed = static_cast<uint64_t>(record.origin.seed);
  const data::Normalisation normalisation;  // ImageNet's, as Preprocess
  data::VideoLoader loader(videos, split.train, recipe.loader, normalisation, seed);
  PretrainClips clips;
  clips.start = [&](int64_t step) { loader.start(step); };
  clips.batch = [&](int64_t step) { return loader.batch(step).frames; };
  clips.sources = [&](int64_t step) {
    std::vector<std::string> sources;
    for (const data::ClipSource& clip : loader.batch(step).clips)
      sources.push_back(fmt::format("{} (frames {} to {})", videos.files[static_cast<size_t>(clip.video)].path.string(),
                                    clip.indices.front(), clip.indices.back()));
    return sources;
  };
  const auto fixed = [&](const std::vector<data::FrameRange>& ranges, bool augment) {
    return fixed_clips(videos, ranges, recipe, normalisation, seed, augment);
  };
  const int64_t first = latest_checkpoint_step(request.out).value_or(0);
  const bool fresh = first == 0;
  if (fresh) check_clips(videos, split.train, recipe.loader, fixed(split.train, /*augment=*/false));
  clips.held_out = fixed(split.held_out, /*augment=*/false).frames;
  clips.other_crops = fixed(split.held_out, /*augment=*/true).frames;
  PretrainTask task(recipe.training, std::move(clips),
                    {.steps = recipe.loop.steps,
                     .seed = seed,
                     .device = job_device(request.options.device),
                     .evaluation_batch = recipe.loader.batch,
                     .preprocess = pretraining_pictures(recipe),
                     .preset = *record.origin.preset});

  // Before the run folder is made: a wrong path leaves nothing behind that would refuse the right one.
  if (!recipe.from.empty() && fresh) {
    task.begin_with(recipe.from);
    log_info("begins with {}", recipe.from);
  }
  RunFolder run(request.out, config_json(record), kPretrainLaterKeys);
  if (!fresh) {
    auto rows = read_metrics(run.metrics_path());
    std::erase_if(rows, [&](const auto& row) { return row.first > first; });  // of what was stopped after it
    const Metrics start = score_at(rows, /*last=*/false), last = score_at(rows, /*last=*/true);
    const FeatureSpread spread{.between_clips = metric(start, "between_clips"),
                               .between_positions = metric(start, "between_positions"),
                               .rank_clips = metric(start, "rank_clips"),
                               .rank_positions = metric(start, "rank_positions")};
    if (std::isfinite(spread.between_clips)) task.remember_start(spread, metric(last, "collapse") > 0);
  }
  remember_videos(request.out, videos);
  remember_call(run.path(), first);
  const auto begin = std::chrono::steady_clock::now();
  const LoopEnd end = run_loop(task, recipe.loop, run, control);
  const auto rows = read_metrics(run.metrics_path());
  PretrainResult result{.run = run.path()};
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  result.steps = run.latest_step().value_or(0);
  result.interrupted = end == LoopEnd::kInterrupted;
  const int64_t frames = (result.steps - first) * recipe.loader.batch * recipe.loader.clip.frames;
  result.frames_per_second = static_cast<double>(frames) / std::max(result.seconds, 1e-9);
  result.start = score_at(rows, /*last=*/false);
  result.held_out = score_at(rows, /*last=*/true);
  if (metric(result.held_out, "collapse") > 0) result.flags.emplace_back("collapse");
  result.model = run.checkpoint_path(result.steps);
  result.hold_out_rule = split.rule;
  return result;
}

}  // namespace

PretrainResult pretrain_on(const data::VideoSet& videos, const PretrainRequest& request, const JobControl& control) {
  check_run_request(request.options, request.out, request.steps, request.checkpoint_every);
  const JobThreads threads(request.options.threads);
  return run_pretraining(videos, resolved_record(request), request, control);
}

PretrainResult pretrain(const PretrainRequest& request, const JobControl& control) {
  if (request.data.empty()) throw RequestError("data", "expected videos: files, folders or lists");
  check_run_request(request.options, request.out, request.steps, request.checkpoint_every);
  PretrainRecord record = resolved_record(request);
  check_run_place(request.out, job_output(request.options, {record.recipe.from}, request.data));
  const JobThreads threads(request.options.threads);
  data::VideoSet videos;
  try {
    videos = data::open_videos(request.data, /*threads=*/2, control);
  } catch (const Interrupted& interrupted) {
    return interrupted_run<PretrainResult>(request.out, interrupted);
  }
  return run_pretraining(std::move(videos), std::move(record), request, control);
}

}  // namespace foresee
