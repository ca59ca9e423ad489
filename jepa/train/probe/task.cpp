#include "jepa/train/probe/task.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/checkpoint_files.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/files/export.h"
#include "jepa/train/schedule.h"

namespace foresee {
namespace {

std::shared_ptr<AttentiveProbe> fresh_probe(const ProbeConfig& config, uint64_t seed) {
  if (config.outputs.size() != 1) fail<ConfigError>("a probe is trained for one list of classes");
  auto probe = std::make_shared<AttentiveProbe>(config);
  probe->initialise(seed);
  return probe;
}

// Upstream decays all parameters of a probe.
ParameterGroup every_parameter(const AttentiveProbe& probe, double weight_decay) {
  ParameterGroup group{.parameters = {}, .weight_decay = weight_decay};
  for (const auto& entry : probe.named_parameters()) group.parameters.emplace_back(entry.key(), entry.value());
  return group;
}

}  // namespace

ProbeTask::ProbeTask(const ProbeConfig& config, const ProbeTrainConfig& training, ProbeData data, Vjepa2Weights encoder,
                     int64_t steps, uint64_t seed)
    : config_(training),
      data_(std::move(data)),
      encoder_(std::move(encoder)),
      steps_(steps),
      probe_(fresh_probe(config, seed)),
      optimizer_({every_parameter(*probe_, training.weight_decay)}) {
  if (config.classes.front() != static_cast<int64_t>(data_.labels.size()))
    fail<ConfigError>("probe.classes: expected {} (the classes of the list), got {}", data_.labels.size(),
                      config.classes.front());
}

void ProbeTask::start(int64_t) {}

Metrics ProbeTask::step(int64_t step) {
  const ProbeBatch batch = data_.batch(step);
  const ProbeForward forward = probe_forward(*probe_, batch);
  forward.loss.backward();
  const double rate = warmup_cosine(step, /*warmup=*/0, steps_, 0.0, config_.learning_rate, 0.0);
  optimizer_.step(rate);
  optimizer_.zero_grad();
  return {{"loss", forward.loss.item<double>()},
          {"accuracy", probe_accuracy(forward.logits, batch.classes)},
          {"learning_rate", rate}};
}

Metrics ProbeTask::evaluate() { return evaluate_probe(*probe_, data_.held_out); }

void ProbeTask::save(const std::filesystem::path& folder) const {
  const ProbeConfig& c = probe_->config;
  Vjepa2Weights out = encoder_;
  out.probe = ProbeWeights{.tensors = state_dict(*probe_),
                           .sizes = {.width = c.width, .depth = c.depth - 1, .heads = c.heads, .mlp = c.block().mlp},
                           .layer_norm_eps = c.layer_norm_eps,
                           .labels = data_.labels};
  export_foresee(out, folder);
  save_safetensors(folder / checkpoint_files::kOptimizer, optimizer_.state());
}

void ProbeTask::load(const std::filesystem::path& folder) {
  load_state_dict(*probe_, load_safetensors(folder / checkpoint_files::kProbe),
                  (folder / checkpoint_files::kProbe).string());
  optimizer_.load_state(load_safetensors(folder / checkpoint_files::kOptimizer));
}

}  // namespace foresee
