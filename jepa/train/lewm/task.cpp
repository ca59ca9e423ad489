#include "jepa/train/lewm/task.h"

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/io/checkpoint_files.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/train/schedule.h"

namespace foresee {
namespace {

/// Fresh weights of the seed on the device, for the data.
Lewm fresh_model(const LewmConfig& config, const LewmTrainData& data, uint64_t seed, at::Device device) {
  if (data.actions.block_size() != config.action_block)
    fail<ConfigError>("model.action_block: expected {} (blocks of {} actions of {} numbers in the data), got {}",
                      data.actions.block_size(), data.actions.block, data.actions.size, config.action_block);
  Lewm model(config);
  if (!device.is_cpu()) model->to(device);
  initialise(model, seed);
  if (!data.initial.empty()) {
    load_state_dict(*model, data.initial, "init");
    return model;
  }
  if (config.proprioception > 0) model->set_proprioception_statistics(data.proprio_mean, data.proprio_std);
  return model;
}

/// With the precision that the device has.
LewmTrainConfig on_device(LewmTrainConfig config, at::Device device) {
  if (config.precision == Precision::kBFloat16 && dtype_of(config.precision, device) != at::kBFloat16) {
    log_warning("train.precision bf16: this processor multiplies bfloat16 no faster than float32; products stay fp32");
    config.precision = Precision::kFloat32;
  }
  return config;
}

}  // namespace

LewmTask::LewmTask(const LewmConfig& model, const LewmTrainConfig& config, LewmTrainData data, int64_t steps,
                   uint64_t seed, std::string preset, at::Device device, double most_fall)
    : config_(on_device(config, device)),
      data_(std::move(data)),
      steps_(steps),
      seed_(seed),
      preset_(std::move(preset)),
      trainer_(fresh_model(model, data_, seed, device), config_, data_.preprocess, seed) {
  if (data_.old_held_out)
    rehearsal_.emplace(trainer_, data_.preprocess, *data_.old_held_out, config_.loss, seed_, most_fall);
}

void LewmTask::start(int64_t step) {
  model()->train();
  done_ = step;
}

// Note [Statistics of BatchNorm]
// The running statistics average over about ten steps. In that time, at the rates of the small presets, the mean of
// what BatchNorm sees moves by several of its standard deviations (nothing holds it: BatchNorm takes it away), so they
// are those of a network that is gone, and predictions in evaluation mode are useless until the rate has fallen.
// Training never reads them. So before an evaluation or a checkpoint they are measured anew with the weights of the
// day, on the first batches and without dropout (Wu and Johnson 2021, arXiv 2105.07576, section 3).
void LewmTask::recalibrate() {
  constexpr int64_t kBatches = 8;
  const torch::NoGradGuard no_grad;
  const AverageStatistics embeddings(model()->projector), predictions(model()->prediction_projector);
  for (int64_t k = 0; k < kBatches; ++k) trainer_.losses(data_.batch(k), k, /*dropout=*/nullptr);
}

Metrics LewmTask::step(int64_t step) {
  Dropout dropout(Random(seed_, Stream::kDropout, static_cast<uint64_t>(step)));
  const LewmLosses losses = trainer_.losses(data_.batch(step), step, &dropout);
  const double rate = lewm_learning_rate(step, config_.warmup_fraction, steps_, config_.learning_rate) *
                      (rehearsal_ ? rehearsal_->rate() : 1.0);
  const double norm = trainer_.update(losses, rate);
  done_ = step + 1;
  Metrics row{{"loss", losses.total.item<double>()},
              {"prediction_loss", losses.prediction.item<double>()},
              {"sigreg", losses.sigreg.item<double>()}};
  if (losses.rollout.defined()) row.emplace_back("rollout_loss", losses.rollout.item<double>());
  if (losses.straightening.defined()) row.emplace_back("straightening_loss", losses.straightening.item<double>());
  row.emplace_back("learning_rate", rate);
  row.emplace_back("gradient_norm", norm);
  return row;
}

Metrics LewmTask::evaluate() {
  if (rehearsal_ && done_ > 0) rehearsal_->go_back(trainer_, done_);
  Metrics metrics = evaluate_lewm(model(), data_.preprocess, data_.held_out, config_.loss, seed_);
  // Before the first step the embeddings are what the initial weights make of them.
  if (done_ > 0 && !metrics.empty())
    if (const auto warning = collapse_warning(metrics, model()->config.embedding, data_.held_out.frames.size(0)))
      log_warning("step {}: {}", done_, *warning);
  if (rehearsal_) rehearsal_->add_to(metrics);
  return metrics;
}

void LewmTask::save(const std::filesystem::path& folder) const {
  const Lewm& model = trainer_.model();
  ModelFolder out;
  out.family = "lewm";
  out.preset = preset_;
  out.model = config_json(model->config);
  out.preprocess = data_.preprocess;
  out.actions = data_.actions;
  out.training_set = data_.training_set;
  out.weights = state_dict(*model);
  save_model_folder(folder, out);
  save_safetensors(folder / checkpoint_files::kOptimizer, trainer_.optimizer().state());
  if (rehearsal_) rehearsal_->save(folder);
}

void LewmTask::load(const std::filesystem::path& folder) {
  const ModelFolder saved = read_model_folder(folder, "lewm");
  load_state_dict(*model(), saved.weights, folder.string());
  trainer_.optimizer().load_state(load_safetensors(folder / checkpoint_files::kOptimizer));
  if (rehearsal_) rehearsal_->load(folder);
}

}  // namespace foresee
