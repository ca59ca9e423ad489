
#include <algorithm>
#include <set>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/state_dict.h"
#include "jepa/nn/fast/split_heads.h"
#include "jepa/train/masked/schedule.h"
#include "jepa/train/masked/step.h"
#include "tools/verify/case.h"
#include "tools/verify/vjepa2_sizes.h"

namespace foresee::parity {
namespace {

using nlohmann::json;

PretrainSchedule schedule_of(const std::string& kind, const json& config) {
  PretrainSchedule s;
  if (kind == "warmup_cosine")
    s.shape = RateShape::kWarmupCosine;
  else if (kind == "linear_decay")
    s.shape = RateShape::kLinearDecay;
  else if (kind == "wsd")
    s.shape = RateShape::kWarmupStableDecay;
  else
    fail<DataError>("unknown schedule '{}'", kind);
  s.start_rate = config.value("start_lr", 0.0);
  s.peak_rate = config.at("lr").get<double>();
  s.final_rate = config.at("final_lr").get<double>();
  s.weight_decay = config.at("wd").get<double>();
  s.final_weight_decay = config.at("final_wd").get<double>();
  s.steps_per_epoch = config.at("ipe").get<double>();
  s.epochs = config.at("epochs").get<double>();
  s.warmup_epochs = config.value("warmup", 0.0);
  s.anneal_epochs = config.value("anneal", 0.0);
  s.stretch = config.value("ipe_scale", 1.0);
  if (config.contains("ema")) {
    s.ema_start = config.at("ema").at(0).get<double>();
    s.ema_end = config.at("ema").at(1).get<double>();
  }
  return s;
}

Vjepa2Config model_of(const json& config) {
  Vjepa2Config model;
  read_sizes(config, model);
  model.encoder.image_size = config.at("crop_size").get<int64_t>();
  for (const int64_t frames : config.at("dataset_fpcs"))
    model.encoder.frames = std::max(frames, model.encoder.tubelet_size);
  model.predictor.mask_tokens = config.at("num_mask_tokens").get<int64_t>();
  if (!config.value("use_rope", true)) fail<DataError>("this program has no vjepa2 model without RoPE");
  return model;
}

std::vector<PretrainBucket> batch_of(const Case& c, int64_t step) {
  const auto tensors = c.file("io.safetensors");
  std::vector<PretrainBucket> batch;
  for (int64_t b = 0; tensors.contains(fmt::format("step{}.bucket{}.clip", step, b)); ++b) {
    PretrainBucket bucket{tensors.at(fmt::format("step{}.bucket{}.clip", step, b)).to(at::kDouble), {}};
    for (int64_t g = 0; tensors.contains(fmt::format("step{}.bucket{}.group{}.mask_enc", step, b, g)); ++g) {
      const std::string group = fmt::format("step{}.bucket{}.group{}", step, b, g);
      bucket.masks.push_back({tensors.at(group + ".mask_enc"), tensors.at(group + ".mask_pred")});
    }
    batch.push_back(std::move(bucket));
  }
  if (batch.empty()) fail<DataError>("{}: no clips of step {}", c.folder().string(), step);
  return batch;
}

using Modules = std::vector<std::pair<std::string, torch::nn::Module*>>;

TensorMap parameters_by_name(const Modules& modules) {
  TensorMap clones;
  for (const auto& [prefix, module] : modules)
    for (const auto& entry : module->named_parameters())
      clones[prefix + "." + entry.key()] = entry.value().detach().clone();
  return clones;
}

void expect_weights(Case& c, const Modules& modules, int64_t steps_done) {
  for (const auto& [name, module] : modules)
    for (const auto& [key, value] : state_dict(*module))
      c.expect(fmt::format("weights_after_step{}.{}.safetensors:{}", steps_done, name, key), value);
}

}  // namespace

void verify_vjepa2_rope(Case& c) {
  for (const auto& run : c.json().at("runs")) {
    const auto name = run.at("name").get<std::string>();
    const Tensor x = c.io(name + ".x");  // [B, heads, N, head_dim]
    const auto positions =
        token_positions(c.io(name + ".ids"), run.at("grid_h").get<int64_t>(), run.at("grid_w").get<int64_t>());
    const RopeTable table = rope_table(positions, x.size(3), x.scalar_type());
    const Tensor flat = x.transpose(1, 2).flatten(2);  // [B, N, heads * head_dim]
    c.expect_io(name + ".rotated", split_heads(at::cat({flat, flat, flat}, -1), x.size(1), &table).key);
  }
}

void verify_vjepa2_schedules(Case& c) {
  const auto& schedules = c.json().at("schedules");
  for (size_t i = 0; i < schedules.size(); ++i) {
    const PretrainSchedule schedule =
        schedule_of(schedules[i].at("kind").get<std::string>(), schedules[i].at("config"));
    json rates = json::array(), decays = json::array(), momenta = json::array();
    for (const int64_t step : schedules[i].at("step")) {
      const StepRates now = rates_at(schedule, step);
      rates.push_back(now.learning_rate);
      decays.push_back(now.weight_decay);
      momenta.push_back(now.ema_momentum ? json(*now.ema_momentum) : json());
    }
    c.expect_json(fmt::format("schedules.{}.lr", i), rates);
    c.expect_json(fmt::format("schedules.{}.weight_decay", i), decays);
    c.expect_json(fmt::format("schedules.{}.ema_momentum", i), momenta);
  }
}

void verify_vjepa2_train_step(Case& c) {
  const auto& config = c.json().at("config");
  const auto& optimizer = config.at("optimizer");
  const AdamW::Options options{optimizer.at("betas").at(0).get<double>(), optimizer.at("betas").at(1).get<double>(),
                               optimizer.at("eps").get<double>()};
  MaskedPretrainer trainer(model_of(config), options, /*seed=*/0);
  // The reference is a float64 run. In float32 Adam turns the rounding of gradients near 0 into steps of up to the
  // whole rate (key biases have no gradient but rounding), so single weights say nothing about the code.
  trainer.to(at::kCPU, at::kDouble);
  const Modules modules{{"encoder", &trainer.encoder()},
                        {"predictor", &trainer.predictor()},
                        {"target_encoder", &trainer.target_encoder()}};
  for (const auto& [name, module] : modules) {
    const std::string file = "weights_before." + name + ".safetensors";
    load_state_dict(*module, c.file(file), file);
  }
  const Modules trained{modules[0], modules[1]};
  const TensorMap before = parameters_by_name(trained);
  const PretrainSchedule schedule = schedule_of("warmup_cosine", optimizer);
  const PretrainObjective objective{.exponent = config.value("loss_exp", 1.0)};
  std::set<std::string> with_gradient;
  json losses = json::array(), pair_losses = json::array(), rates = json::array(), decays = json::array(),
       momenta = json::array();

  for (int64_t step = 0; step < c.json().at("steps").get<int64_t>(); ++step) {
    const auto batch = batch_of(c, step);
    const PretrainForward forward = trainer.forward(batch, objective);
    forward.loss.backward();
    losses.push_back(forward.loss.item<double>());
    json pairs = json::array();
    for (const auto& loss : forward.pair_losses) pairs.push_back(loss.item<double>());
    pair_losses.push_back(pairs);
    for (size_t b = 0; b < batch.size(); ++b) {
      c.expect_io(fmt::format("step{}.bucket{}.target", step, b), forward.targets[b]);
      for (size_t g = 0; g < batch[b].masks.size(); ++g)
        c.expect_io(fmt::format("step{}.bucket{}.group{}.prediction", step, b, g), forward.predictions[b][g]);
    }
    for (const auto& group : trainer.optimizer().groups())
      for (const auto& [name, value] : group.parameters) {
        if (!value.grad().defined()) continue;
        with_gradient.insert(name);
        c.expect_io(fmt::format("grad_step{}.{}", step, name), value.grad());
      }
    const StepRates now = rates_at(schedule, step + 1);
    rates.push_back(now.learning_rate);
    decays.push_back(now.weight_decay);
    momenta.push_back(*now.ema_momentum);
    trainer.update(now);
    expect_weights(c, modules, step + 1);
  }

  json without_gradient = json::array(), identical = json::array(), group_decays = json::array();
  for (const auto& [prefix, module] : trained)
    for (const auto& entry : module->named_parameters()) {
      const std::string name = prefix + "." + entry.key();
      if (with_gradient.contains(name)) continue;
      without_gradient.push_back(name);
      if (at::equal(entry.value(), before.at(name))) identical.push_back(name);
    }
  for (const auto& group : trainer.optimizer().groups()) group_decays.push_back(group.weight_decay);
  int64_t states = 0;
  for (const auto& [name, value] : trainer.optimizer().state()) states += name.ends_with(".exp_avg");
  c.expect_json("losses", losses);
  c.expect_json("pair_losses.values", pair_losses);
  c.expect_json("lr_per_step", rates);
  c.expect_json("weight_decay_per_step", decays);
  c.expect_json("ema_momentum_per_step", momenta);
  c.expect_json("weight_decay_groups_last_step", group_decays);
  c.expect_json("tensors_without_gradient", without_gradient);
  c.expect_json("tensors_without_gradient_left_bit_identical", identical);
  c.expect_json("optimizer_state_entries", states);
}

}  // namespace foresee::parity
