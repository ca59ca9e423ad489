#include "jepa/train/heads/task.h"

#include <set>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/checkpoint_files.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/train/schedule.h"

namespace foresee {
namespace {

ParameterGroup head_parameters(const Lewm& model, double weight_decay) {
  ParameterGroup group{.parameters = {}, .weight_decay = weight_decay};
  for (const auto& item : model->named_parameters())
    if (item.value().requires_grad()) group.parameters.emplace_back(item.key(), item.value());
  if (group.parameters.empty())
    fail<ConfigError>(
        "heads: nothing to fit: inverse_hidden, distance_hidden and decoder_width are 0, or those heads are there and "
        "are kept");
  return group;
}

}  // namespace

Lewm lewm_with_heads(const ModelFolder& folder, const LewmHeadsConfig& heads, uint64_t seed, const std::string& source,
                     bool keep) {
  LewmConfig config = lewm_config(folder.model, source + "/config.json");
  config.heads = heads;
  Lewm model(config);
  initialise(model, seed);
  TensorMap weights = state_dict(*model);
  std::set<std::string> kept;
  for (const auto& [name, tensor] : with_transformers4_names(folder.weights)) {
    const auto own = weights.find(name);
    if (of_heads(name) && (own == weights.end() || own->second.sizes() != tensor.sizes())) continue;
    weights[name] = tensor;
    if (keep) kept.insert(name);
  }
  load_state_dict(*model, weights, source);
  model->eval();
  for (const auto& item : model->named_parameters())
    item.value().requires_grad_(of_heads(item.key()) && !kept.contains(item.key()));
  return model;
}

LewmHeadsTask::LewmHeadsTask(Lewm model, ModelFolder folder, LatentEpisodes train, LatentEpisodes held_out,
                             const LewmHeadsTrainConfig& config, int64_t steps, uint64_t seed)
    : model_(std::move(model)),
      folder_(std::move(folder)),
      train_(std::move(train)),
      held_out_(std::move(held_out)),
      config_(config),
      steps_(steps),
      seed_(seed),
      sampler_(train_.length, folder_.actions.value().block),
      optimizer_({head_parameters(model_, config.weight_decay)}) {
  folder_.weights.clear();
}

Metrics LewmHeadsTask::step(int64_t step) {
  const Random draws(seed_, Stream::kDataOrder, static_cast<uint64_t>(step));
  const LewmHeadsLosses losses =
      heads_losses(model_, train_, sampler_.draw(draws, config_.batch), folder_.actions->block, config_.pictures);
  optimizer_.zero_grad();
  losses.total.backward();
  const double rate = lewm_learning_rate(step, config_.warmup_fraction, steps_, config_.learning_rate);
  optimizer_.step(rate);
  Metrics row{{"loss", losses.total.item<double>()}};
  const auto add = [&](const char* name, const Tensor& loss) {
    if (loss.defined()) row.emplace_back(name, loss.item<double>());
  };
  add("inverse_loss", losses.inverse);
  add("distance_loss", losses.distance);
  add("picture_loss", losses.picture);
  row.emplace_back("learning_rate", rate);
  return row;
}

Metrics LewmHeadsTask::evaluate() {
  return evaluate_heads(model_, held_out_, folder_.actions->block, config_.evaluated, seed_);
}

void LewmHeadsTask::save(const std::filesystem::path& path) const {
  ModelFolder out = folder_;
  out.family = "lewm";
  out.model = config_json(model_->config);
  out.weights = state_dict(*model_);
  save_model_folder(path, out);
  save_safetensors(path / checkpoint_files::kOptimizer, optimizer_.state());
}

void LewmHeadsTask::load(const std::filesystem::path& path) {
  load_state_dict(*model_, read_model_folder(path, "lewm").weights, path.string());
  optimizer_.load_state(load_safetensors(path / checkpoint_files::kOptimizer));
}

}  // namespace foresee
