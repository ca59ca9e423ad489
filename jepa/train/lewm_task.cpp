#include "jepa/train/lewm_task.h"

#include <torch/torch.h>

#include <algorithm>

#include "jepa/core/error.h"
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

}  // namespace

void describe(Fields& f, LewmTrainConfig& c) {
  f("batch", c.batch, "clips a step", {2});
  f("learning_rate", c.learning_rate, "peak, AdamW", {0});
  f("warmup_fraction", c.warmup_fraction, "of all steps, linear; then half a cosine to zero", {0, 1});
  f("weight_decay", c.weight_decay, "of every parameter, biases and norms too", {0});
  f("clip_norm", c.clip_norm, "global gradient norm; 0: not clipped", {0});
  f("loss", c.loss, "prediction and SIGReg");
}

LewmTask::LewmTask(const LewmConfig& model, const LewmTrainConfig& config, LewmTrainData data, int64_t steps,
                   uint64_t seed, std::string preset)
    : config_(config),
      data_(std::move(data)),
      steps_(steps),
      seed_(seed),
      preset_(std::move(preset)),
      model_(model),
      optimizer_({all_parameters(model_, config.weight_decay)}),
      parameters_(model_->parameters()) {
  if (data_.actions.block_size() != model.action_block)
    fail<ConfigError>("model.action_block: expected {} (blocks of {} actions of {} numbers in the data), got {}",
                      data_.actions.block_size(), data_.actions.block, data_.actions.size, model.action_block);
  initialise(model_, seed);
}

void LewmTask::start(int64_t) { model_->train(); }

Metrics LewmTask::step(int64_t step) {
  const LewmBatch batch = data_.batch(step);
  Dropout dropout(Random(seed_, Stream::kDropout, static_cast<uint64_t>(step)));
  const Tensor directions = Random(seed_, Stream::kSigreg, static_cast<uint64_t>(step))
                                .normal_tensor({model_->config.embedding, config_.loss.projections});
  const LewmLosses losses =
      lewm_losses(model_, data_.preprocess, batch.frames, batch.actions, directions, config_.loss, &dropout);
  optimizer_.zero_grad();
  losses.total.backward();
  const double norm = clip_grad_norm(parameters_, config_.clip_norm);
  const int64_t warmup =
      std::max<int64_t>(1, static_cast<int64_t>(config_.warmup_fraction * static_cast<double>(steps_)));
  const double rate = lewm_learning_rate(step, warmup, steps_, config_.learning_rate, 0.0, 0.0);
  optimizer_.step(rate);
  return {{"loss", losses.total.item<double>()},
          {"prediction_loss", losses.prediction.item<double>()},
          {"sigreg", losses.sigreg.item<double>()},
          {"learning_rate", rate},
          {"gradient_norm", norm}};
}

Metrics LewmTask::evaluate() { return evaluate_lewm(model_, data_.preprocess, data_.held_out, config_.loss, seed_); }

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
