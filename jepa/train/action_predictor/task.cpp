#include "jepa/train/action_predictor/task.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"

namespace foresee {
namespace {

constexpr const char* kAcOptimizerFile = "optimizer.safetensors";

const Vjepa2Ac& initialised(const Vjepa2Ac& model, uint64_t seed) {
  model.predictor->initialise(seed);
  return model;
}

}  // namespace

PretrainSchedule AcTrainConfig::schedule(int64_t steps) const {
  PretrainSchedule s;
  s.shape = RateShape::kWarmupStableDecay;
  s.start_rate = start_rate;
  s.peak_rate = peak_rate;
  s.final_rate = final_rate;
  s.weight_decay = weight_decay;
  s.final_weight_decay = final_weight_decay;
  s.epochs = 1;
  s.steps_per_epoch = static_cast<double>(steps);
  s.warmup_epochs = warmup;
  s.anneal_epochs = anneal;
  s.stretch = 1;
  return s;
}

void AcTrainConfig::validate() const {
  if (warmup + anneal > 1) fail<ConfigError>("warmup + anneal: expected at most 1, got {}", warmup + anneal);
}

void describe(Fields& f, AcTrainConfig& c) {
  f("batch", c.batch, "clips a step", {1, 65536});
  f("frames", c.frames, "of a clip", {2, 4096});
  f("start_rate", c.start_rate, "learning rate of the first step", {0});
  f("peak_rate", c.peak_rate, "learning rate after the warm-up", {0});
  f("final_rate", c.final_rate, "learning rate at the end", {0});
  f("warmup", c.warmup, "share of the steps in which the rate rises", {0, 1});
  f("anneal", c.anneal, "share of the steps in which it falls at the end", {0, 1});
  f("weight_decay", c.weight_decay, "of matrices, at the start", {0});
  f("final_weight_decay", c.final_weight_decay, "at the end", {0});
  f("beta1", c.beta1, "AdamW", {0, 1});
  f("beta2", c.beta2, "AdamW", {0, 1});
  f("eps", c.eps, "AdamW", {0});
  f("objective", c.objective, "the loss");
}

AcTask::AcTask(Vjepa2Ac model, const AcTrainConfig& config, AcTrainData data, int64_t steps, uint64_t seed,
               std::string preset)
    : config_(config),
      data_(std::move(data)),
      schedule_(config.schedule(steps)),
      preset_(std::move(preset)),
      trainer_(initialised(model, seed), config.adamw()) {
  config.validate();
  const ActionPredictorConfig& predictor = trainer_.model().config.predictor;
  if (data_.actions.block_size() != predictor.action_size)
    fail<ConfigError>("model.predictor.action_size: expected {} (blocks of {} actions of {} numbers), got {}",
                      data_.actions.block_size(), data_.actions.block, data_.actions.size, predictor.action_size);
}

void AcTask::start(int64_t) {}

Metrics AcTask::step(int64_t step) {
  const AcBatch batch = data_.batch(step);
  const AcForward forward = ac_forward(model(), batch, data_.grid, config_.objective);
  forward.loss.backward();
  const StepRates rates = rates_at(schedule_, step + 1);
  trainer_.update(rates);
  return {{"loss", forward.loss.item<double>()},
          {"teacher_loss", forward.teacher_loss.item<double>()},
          {"rollout_loss", forward.rollout_loss.item<double>()},
          {"learning_rate", rates.learning_rate},
          {"weight_decay", rates.weight_decay}};
}

Metrics AcTask::evaluate() { return evaluate_ac(model(), data_.actions, data_.grid, data_.held_out); }

void AcTask::save(const std::filesystem::path& folder) const {
  ModelFolder out;
  out.family = "vjepa2_ac";
  out.preset = preset_;
  out.model = config_json(model().config);
  out.preprocess = data_.preprocess;
  out.preprocess.size = model().config.encoder.image_size;
  out.actions = data_.actions;
  out.weights = model().weights();
  save_model_folder(folder, out);
  save_safetensors(folder / kAcOptimizerFile, trainer_.optimizer().state());
}

void AcTask::load(const std::filesystem::path& folder) {
  const ModelFolder saved = load_model_folder(folder, "vjepa2_ac");
  Vjepa2Ac present = model();  // shares its weights
  present.load(saved.weights, folder.string());
  trainer_.optimizer().load_state(load_safetensors(folder / kAcOptimizerFile));
}

}  // namespace foresee
