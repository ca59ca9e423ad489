#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "jepa/train/lewm/evaluation.h"
#include "jepa/train/lewm/recipe.h"
#include "jepa/train/lewm/rehearsal.h"
#include "jepa/train/lewm/step.h"
#include "jepa/train/loop.h"

namespace foresee {

/// What a LeWM is trained on and what its model folder says about it.
struct LewmTrainData {
  std::function<LewmBatch(int64_t step)> batch;  // a function of the step alone
  LewmHeldOut held_out;
  Preprocess preprocess;
  ActionSpec actions;
  nlohmann::json training_set{};                      // for training_set.json of its folder; null: none
  TensorMap initial{};                                // weights to begin with; none: drawn from the seed
  std::vector<double> proprio_mean{}, proprio_std{};  // of the training split, where the model takes proprioception
  std::optional<LewmHeldOut> old_held_out{};          // of the scene that is rehearsed (Note [Rehearsal])
};

/// Training of LeWorldModel. Weights are drawn, and every step is, from `seed` and the step's number.
class LewmTask : public TrainTask {
 public:
  /// @param steps  optimizer steps in all: the learning rate ends there. @param preset  for the model folder.
  /// @param device  where the model computes; batches come from the CPU.
  /// @param most_fall  of the old scene's skill, where one is rehearsed.
  /// @throws ConfigError when the data's action blocks are not of the model's size.
  LewmTask(const LewmConfig& model, const LewmTrainConfig& config, LewmTrainData data, int64_t steps, uint64_t seed,
           std::string preset = "", at::Device device = at::kCPU, double most_fall = 0);

  void start(int64_t step) override;
  Metrics step(int64_t step) override;
  void recalibrate() override;
  Metrics evaluate() override;
  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;

  Lewm& model() { return trainer_.model(); }

 private:
  LewmTrainConfig config_;
  LewmTrainData data_;
  int64_t steps_;
  uint64_t seed_;
  std::string preset_;
  int64_t done_ = 0;  // steps
  LewmTrainer trainer_;
  std::optional<Rehearsal> rehearsal_;
};

}  // namespace foresee
