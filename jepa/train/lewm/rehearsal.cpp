#include "jepa/train/lewm/rehearsal.h"

#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/io/checkpoint_files.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"

namespace foresee {
namespace {

TensorMap copies_of(const TensorMap& tensors) {
  TensorMap copies;
  for (const auto& [name, tensor] : tensors) copies[name] = tensor.clone();
  return copies;
}

}  // namespace

Rehearsal::Rehearsal(LewmTrainer& trainer, const Preprocess& preprocess, LewmHeldOut held_out,
                     const LewmLossConfig& loss, uint64_t seed, double most_fall)
    : preprocess_(preprocess), held_out_(std::move(held_out)), loss_(loss), seed_(seed) {
  if (!held_out_.frames.defined())
    fail<DataError>("rehearsal: no held-out episode of the old scene is long enough, so nothing can be judged by it");
  held_out_.state = Tensor();  // no probes: the skill alone is asked for
  keep(trainer, 0, skill_of(trainer));
  bound_ = skill_ - most_fall;
  log_info("the old scene: held-out skill {:.3f}; training goes back where it falls below {:.3f}", skill_, bound_);
}

double Rehearsal::skill_of(LewmTrainer& trainer) const {
  double sum = 0, count = 0;
  for (const auto& [name, value] : evaluate_lewm(trainer.model(), preprocess_, held_out_, loss_, seed_))
    if (name.starts_with("held_out_skill_")) sum += value, ++count;
  return sum / count;
}

void Rehearsal::keep(LewmTrainer& trainer, int64_t step, double skill) {
  step_ = step;
  skill_ = skill;
  weights_ = copies_of(state_dict(*trainer.model()));
  moments_ = copies_of(trainer.optimizer().state());
}

bool Rehearsal::go_back(LewmTrainer& trainer, int64_t step) {
  const double skill = skill_of(trainer);
  if (skill >= bound_) {
    keep(trainer, step, skill);
    return false;
  }
  load_state_dict(*trainer.model(), weights_, "the last good weights");
  trainer.optimizer().load_state(moments_);
  ++rollbacks_;
  log_warning(
      "step {}: the held-out skill of the old scene is {:.3f}, below {:.3f}: back to the weights of step {} ({:.3f}), "
      "and on at half the learning rate",
      step, skill, bound_, step_, skill_);
  return true;
}

void Rehearsal::add_to(Metrics& metrics) const {
  metrics.emplace_back("held_out_old_skill", skill_);
  metrics.emplace_back("held_out_old_bound", bound_);
  metrics.emplace_back("rollbacks", static_cast<double>(rollbacks_));
}

double Rehearsal::rate() const { return std::pow(0.5, static_cast<double>(rollbacks_)); }

void Rehearsal::save(const std::filesystem::path& folder) const {
  TensorMap all = with_prefix_added(weights_, "model.");
  all.merge(with_prefix_added(moments_, "optimizer."));
  all["step"] = at::scalar_tensor(step_, at::kLong);
  all["skill"] = at::scalar_tensor(skill_, at::kDouble);
  all["rollbacks"] = at::scalar_tensor(rollbacks_, at::kLong);
  save_safetensors(folder / checkpoint_files::kLastGood, all);
}

void Rehearsal::load(const std::filesystem::path& folder) {
  const auto file = folder / checkpoint_files::kLastGood;
  const TensorMap all = load_safetensors(file);
  const auto number = [&](const char* name) {
    const auto found = all.find(name);
    if (found == all.end() || found->second.numel() != 1)
      fail<CheckpointError>("{}: no number '{}'", file.string(), name);
    return found->second;
  };
  step_ = number("step").item<int64_t>();
  skill_ = number("skill").item<double>();
  rollbacks_ = number("rollbacks").item<int64_t>();
  weights_ = copies_of(with_prefix_removed(all, "model."));
  moments_ = copies_of(with_prefix_removed(all, "optimizer."));
}

}  // namespace foresee
