#include "jepa/train/lewm/task.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/train/schedule.h"

namespace foresee {
namespace {

constexpr const char* kOptimizerFile = "optimizer.safetensors";

ParameterGroup all_parameters(const Lewm& model, double weight_decay) {
  ParameterGroup group{.parameters = {}, .weight_decay = weight_decay};
  for (const auto& item : model->named_parameters()) group.parameters.emplace_back(item.key(), item.value());
  return group;
}

Lewm lewm_on(const LewmConfig& config, at::Device device) {
  Lewm model(config);
  if (!device.is_cpu()) model->to(device);
  return model;
}

}  // namespace

void describe(Fields& f, LewmTrainConfig& c) {
  f("batch", c.batch, "clips a step", {2, 65536});
  f("learning_rate", c.learning_rate, "peak, AdamW", {0});
  f("warmup_fraction", c.warmup_fraction, "of all steps, linear; then half a cosine to zero", {0, 1});
  f("weight_decay", c.weight_decay, "of every parameter, biases and norms too", {0});
  f("clip_norm", c.clip_norm, "global gradient norm; 0: not clipped", {0});
  f.choice("precision", c.precision, kPrecisionNames,
           "of the large products, where it is faster; weights, updates, norms and losses stay float32");
  f("loss", c.loss, "prediction and SIGReg");
}

LewmTask::LewmTask(const LewmConfig& model, const LewmTrainConfig& config, LewmTrainData data, int64_t steps,
                   uint64_t seed, std::string preset, at::Device device)
    : config_(config),
      data_(std::move(data)),
      steps_(steps),
      seed_(seed),
      preset_(std::move(preset)),
      device_(device),
      model_(lewm_on(model, device)),
      optimizer_({all_parameters(model_, config.weight_decay)}),
      parameters_(model_->parameters()) {
  if (data_.actions.block_size() != model.action_block)
    fail<ConfigError>("model.action_block: expected {} (blocks of {} actions of {} numbers in the data), got {}",
                      data_.actions.block_size(), data_.actions.block, data_.actions.size, model.action_block);
  initialise(model_, seed);
  if (model.proprioception > 0) model_->set_proprioception_statistics(data_.proprio_mean, data_.proprio_std);
  if (config_.precision == Precision::kBFloat16 && dtype_of(config_.precision, device) != at::kBFloat16) {
    log_warning("train.precision bf16: this processor multiplies bfloat16 no faster than float32; products stay fp32");
    config_.precision = Precision::kFloat32;
  }
}

void LewmTask::start(int64_t step) {
  model_->train();
  done_ = step;
}

Tensor LewmTask::directions(int64_t step) const {
  return Random(seed_, Stream::kSigreg, static_cast<uint64_t>(step))
      .normal_tensor({model_->config.embedding, config_.loss.projections})
      .to(device_);
}

LewmLosses LewmTask::losses_of(const LewmBatch& batch, const Tensor& directions, Dropout* dropout) const {
  const AutocastGuard autocast(config_.precision, device_.type());
  return lewm_losses(model_, data_.preprocess, batch.frames.to(device_), batch.actions.to(device_), directions,
                     config_.loss, dropout, batch.proprio.defined() ? batch.proprio.to(device_) : batch.proprio);
}

// Note [Statistics of BatchNorm]
// The running statistics average over about ten steps. In that time, at the rates of the small presets, the mean of
// what BatchNorm sees moves by several of its standard deviations (nothing holds it: BatchNorm takes it away), so they
// are those of a network that is gone, and predictions in evaluation mode are useless until the rate has fallen.
// Training never reads them. So before an evaluation or a checkpoint they are measured anew with the weights of the
// day, on the first batches and without dropout (Wu and Johnson 2021, arXiv 2105.07576, section 3).
void LewmTask::settle() {
  constexpr int64_t kBatches = 8;
  const torch::NoGradGuard no_grad;
  const AverageStatistics embeddings(model_->projector), predictions(model_->prediction_projector);
  for (int64_t k = 0; k < kBatches; ++k) losses_of(data_.batch(k), directions(k), /*dropout=*/nullptr);
}

Metrics LewmTask::step(int64_t step) {
  Dropout dropout(Random(seed_, Stream::kDropout, static_cast<uint64_t>(step)));
  LewmLosses losses = losses_of(data_.batch(step), directions(step), &dropout);
  optimizer_.zero_grad();
  losses.total.backward();
  const double norm = clip_grad_norm(parameters_, config_.clip_norm);
  const int64_t warmup =
      std::max<int64_t>(1, static_cast<int64_t>(config_.warmup_fraction * static_cast<double>(steps_)));
  const double rate = lewm_learning_rate(step, warmup, steps_, config_.learning_rate, 0.0, 0.0);
  optimizer_.step(rate);
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
  Metrics metrics = evaluate_lewm(model_, data_.preprocess, data_.held_out, config_.loss, seed_);
  // Before the first step the embeddings are what the initial weights make of them.
  if (done_ > 0 && !metrics.empty())
    if (const auto warning = collapse_warning(metrics, model_->config.embedding))
      log_warning("step {}: {}", done_, *warning);
  return metrics;
}

void LewmTask::save(const std::filesystem::path& folder) const {
  ModelFolder out;
  out.family = "lewm";
  out.preset = preset_;
  out.model = config_json(model_->config);
  out.preprocess = data_.preprocess;
  out.actions = data_.actions;
  out.weights = state_dict(*model_);
  save_model_folder(folder, out);
  save_safetensors(folder / kOptimizerFile, optimizer_.state());
}

void LewmTask::load(const std::filesystem::path& folder) {
  const ModelFolder saved = load_model_folder(folder, "lewm");
  load_state_dict(*model_, saved.weights, folder.string());
  optimizer_.load_state(load_safetensors(folder / kOptimizerFile));
}

}  // namespace foresee
