#include "jepa/train/masked/task.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/io/checkpoint_files.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/masked_targets.h"
#include "jepa/train/masked/official_checkpoint.h"

namespace foresee {
namespace {

void load_file(torch::nn::Module& module, const std::filesystem::path& path) {
  load_state_dict(module, load_safetensors(path), path.string());
}

}  // namespace

PretrainTask::PretrainTask(PretrainConfig config, PretrainClips clips, Run run)
    : config_(std::move(config)),
      clips_(std::move(clips)),
      run_(std::move(run)),
      schedule_(config_.optimizer.schedule(run_.steps)),
      networks_(config_.model, config_.optimizer.adamw(), run_.seed) {
  networks_.to(run_.device, at::kFloat);
  const auto groups = config_.masks.groups();
  held_out_ = make_evaluation(clips_.held_out.to(run_.device), groups, config_.model.encoder.tubelet(),
                              run_.evaluation_batch, run_.seed);
  if (clips_.other_crops.defined()) other_crops_ = clips_.other_crops.to(run_.device);
}

void PretrainTask::start(int64_t step) {
  if (clips_.start) clips_.start(step);
}

std::vector<MaskPair> PretrainTask::masks_of(int64_t step, int64_t batch) const {
  const TokenGrid grid = config_.model.encoder.grid();
  auto places = cpu_generator(Random(run_.seed, Stream::kMask, static_cast<uint64_t>(step)).bits(0));
  std::vector<MaskPair> masks;
  for (const auto& group : config_.masks.groups()) {
    auto sizes = cpu_generator(static_cast<uint64_t>(step));
    const MaskBlock block = sample_mask_block(group, grid, sizes);
    MaskPair pair = sample_masks(group, grid, block, batch, places);
    masks.push_back({pair.context.to(run_.device), pair.target.to(run_.device)});
  }
  return masks;
}

Metrics PretrainTask::step(int64_t step) {
  const Tensor clips = clips_.batch(step).to(run_.device);
  FORESEE_CHECK(config_.model.encoder.tubelet().grid(clips) == config_.model.encoder.grid(),
                "expected clips of {} frames of {} px, got {}", config_.model.encoder.frames,
                config_.model.encoder.image_size, describe(clips));
  const PretrainBucket batch{clips, masks_of(step, clips.size(0))};
  Dropout dropout(Random(run_.seed, Stream::kDropout, static_cast<uint64_t>(step)));
  const double share = static_cast<double>(step) / static_cast<double>(std::max<int64_t>(1, run_.steps));
  const PretrainForward forward = networks_.forward({&batch, 1}, config_.objective.at(share), &dropout, step);
  forward.loss.backward();
  const StepRates rates = rates_at(schedule_, step + 1);
  networks_.update(rates);
  return {{"loss", forward.loss.item<double>()},
          {"prediction_loss", forward.prediction_loss.item<double>()},
          {"learning_rate", rates.learning_rate},
          {"weight_decay", rates.weight_decay},
          {"ema_momentum", rates.ema_momentum.value_or(0)}};
}

Metrics PretrainTask::evaluate() {
  const PretrainScore score = evaluate_pretraining(networks_, held_out_, other_crops_, config_.objective);
  if (!start_) start_ = score.spread;
  collapsed_ = has_collapsed(*start_, score.spread, collapsed_);
  if (collapsed_ && !std::exchange(warned_, true)) log_warning("{}", collapse_text(*start_, score.spread));
  Metrics metrics = score.metrics();
  metrics.emplace_back("collapse", collapsed_ ? 1 : 0);
  return metrics;
}

std::string PretrainTask::headline(const Metrics& evaluation) const {
  return fmt::format("skill {:.2f}, clips differ by {:.0f} % in {:.1f} directions{}", metric(evaluation, "skill"),
                     100 * metric(evaluation, "between_clips"), metric(evaluation, "rank_clips"),
                     metric(evaluation, "collapse") > 0 ? ", COLLAPSE" : "");
}

std::string PretrainTask::keep_bad_step(int64_t step, const std::filesystem::path& run) {
  const std::filesystem::path path = run / "bad_batch.safetensors";
  const std::vector<std::string> sources = clips_.sources ? clips_.sources(step) : std::vector<std::string>();
  const std::string from = sources.empty() ? "" : fmt::format(": {}", fmt::join(sources, ", "));
  try {
    save_safetensors(path, {{"clips", clips_.batch(step).contiguous()}},
                     {{"step", fmt::format("{}", step)}, {"sources", fmt::format("{}", fmt::join(sources, "\n"))}});
  } catch (const Error& error) {
    return fmt::format("its clips were not saved ({}){}", error.what(), from);
  }
  return fmt::format("its clips are in {}{}", path.string(), from);
}

void PretrainTask::save(const std::filesystem::path& folder) const {
  ModelFolder model;
  model.family = "vjepa2";
  model.model = config_json(config_.model);
  model.preset = run_.preset;
  model.preprocess = with_size(run_.preprocess, config_.model.encoder.image_size);
  model.weights = state_dict(networks_.encoder());
  save_model_folder(folder, model);
  save_safetensors(folder / checkpoint_files::kPredictor, state_dict(networks_.predictor()));
  write_json(folder / checkpoint_files::kTargets,
             config_json(MaskedTargets{config_.objective.target_levels, config_.objective.kept_steady()}));
  save_safetensors(folder / checkpoint_files::kTargetEncoder, state_dict(networks_.target_encoder()));
  save_safetensors(folder / checkpoint_files::kOptimizer, networks_.optimizer().state());
}

void PretrainTask::load(const std::filesystem::path& folder) {
  const ModelFolder model = read_model_folder(folder, "vjepa2");
  load_state_dict(networks_.encoder(), model.weights, (folder / checkpoint_files::kModel).string());
  load_file(networks_.predictor(), folder / checkpoint_files::kPredictor);
  load_file(networks_.target_encoder(), folder / checkpoint_files::kTargetEncoder);
  networks_.optimizer().load_state(load_safetensors(folder / checkpoint_files::kOptimizer));
}

void PretrainTask::begin_with(const std::filesystem::path& path) {
  if (std::filesystem::is_regular_file(path)) {
    resume_official(path, networks_);
    return;
  }
  load(open_model_folder(path, ManifestScope::kResume));
}

}  // namespace foresee
