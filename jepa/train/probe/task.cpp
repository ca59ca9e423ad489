#include "jepa/train/probe/task.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/files/export.h"
#include "jepa/train/schedule.h"

namespace foresee {
namespace {

constexpr const char *kProbeFile = "probe.safetensors", *kProbeOptimizerFile = "optimizer.safetensors";

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

void describe(Fields& f, ProbeTrainConfig& c) {
  f("batch", c.batch, "clips a step", {1, 65536});
  f("learning_rate", c.learning_rate, "of the first step, then half a cosine to 0", {0});
  f("weight_decay", c.weight_decay, "of every parameter", {0});
}

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
  const Tensor logits = probe_->forward(batch.tokens).front();
  const Tensor loss = at::cross_entropy_loss(logits, batch.classes);
  loss.backward();
  const double rate = warmup_cosine(step, /*warmup=*/0, steps_, 0.0, config_.learning_rate, 0.0);
  optimizer_.step(rate);
  optimizer_.zero_grad();
  return {{"loss", loss.item<double>()},
          {"accuracy", (logits.argmax(1) == batch.classes).to(at::kDouble).mean().item<double>()},
          {"learning_rate", rate}};
}

Metrics ProbeTask::evaluate() {
  if (data_.held_out.empty()) return {};
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> logits, classes;
  for (const auto& read : data_.held_out) {
    const ProbeBatch batch = read();
    logits.push_back(probe_->forward(batch.tokens).front());
    classes.push_back(batch.classes);
  }
  const Tensor all = at::cat(logits), wanted = at::cat(classes);
  const double count = static_cast<double>(wanted.numel());
  return {{"held_out_loss", at::cross_entropy_loss(all, wanted).item<double>()},
          {"held_out_accuracy", (all.argmax(1) == wanted).sum().item<double>() / count},
          {"held_out_majority", wanted.bincount().max().item<double>() / count}};
}

void ProbeTask::save(const std::filesystem::path& folder) const {
  const ProbeConfig& c = probe_->config;
  Vjepa2Weights out = encoder_;
  out.probe = ProbeWeights{.tensors = state_dict(*probe_),
                           .sizes = {.width = c.width, .depth = c.depth - 1, .heads = c.heads, .mlp = c.block().mlp},
                           .layer_norm_eps = c.layer_norm_eps,
                           .labels = data_.labels};
  export_foresee(out, folder);
  save_safetensors(folder / kProbeOptimizerFile, optimizer_.state());
}

void ProbeTask::load(const std::filesystem::path& folder) {
  load_state_dict(*probe_, load_safetensors(folder / kProbeFile), (folder / kProbeFile).string());
  optimizer_.load_state(load_safetensors(folder / kProbeOptimizerFile));
}

}  // namespace foresee
