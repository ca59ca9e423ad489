#include "jepa/train/action_predictor/task.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/checkpoint_files.h"
#include "jepa/io/safetensors.h"

namespace foresee {
namespace {

const Vjepa2Ac& initialised(const Vjepa2Ac& model, uint64_t seed) {
  model.predictor->initialise(seed);
  return model;
}

}  // namespace

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
  out.encoder = data_.encoder;
  out.actions = data_.actions;
  out.training_set = data_.training_set;
  out.weights = model().weights();
  save_model_folder(folder, out);
  save_safetensors(folder / checkpoint_files::kOptimizer, trainer_.optimizer().state());
}

void AcTask::load(const std::filesystem::path& folder) {
  const ModelFolder saved = read_model_folder(folder, "vjepa2_ac");
  Vjepa2Ac present = model();  // shares its weights
  present.load(saved.weights, folder.string());
  trainer_.optimizer().load_state(load_safetensors(folder / checkpoint_files::kOptimizer));
}

}  // namespace foresee
