#pragma once

#include <functional>
#include <string>

#include "jepa/train/action_predictor/evaluation.h"
#include "jepa/train/loop.h"

namespace foresee {

/// How the action predictor is trained. Defaults: V-JEPA 2-AC's (configs/train/vitg16/droid-256px-8f.yaml). Lengths of
/// the schedule are shares of the run's steps, so that a short run has the shape of a long one.
struct AcTrainConfig {
  int64_t batch = 8;                                    // clips a step
  int64_t frames = 8;                                   // of a clip
  double start_rate = 7.5e-5;                           // learning rate of the first step
  double peak_rate = 4.25e-4;                           // after the warm-up
  double final_rate = 0.0;                              // at the end
  double warmup = 15.0 / 315.0, anneal = 15.0 / 315.0;  // shares of the steps: rise from start, fall to final
  double weight_decay = 0.04, final_weight_decay = 0.04;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  AcObjective objective;

  PretrainSchedule schedule(int64_t steps) const;
  AdamW::Options adamw() const { return {beta1, beta2, eps}; }
  void validate() const;
};
void describe(Fields& fields, AcTrainConfig& config);

/// What an action predictor is trained on and what its model folder says about it.
struct AcTrainData {
  std::function<AcBatch(int64_t step)> batch;  // a function of the step alone
  AcHeldOut held_out;
  FrameGrid grid;
  Preprocess preprocess;
  ActionSpec actions;
};

/// Training of an action-conditioned predictor on the features of a frozen encoder. Weights are drawn from `seed`.
class AcTask : public TrainTask {
 public:
  /// @param model  with its encoder loaded; the predictor is initialised here. @param steps  optimizer steps in all.
  /// @param preset  for the model folder. @throws ConfigError when the data's actions are not of the model's size.
  AcTask(Vjepa2Ac model, const AcTrainConfig& config, AcTrainData data, int64_t steps, uint64_t seed,
         std::string preset = "");

  void start(int64_t step) override;
  Metrics step(int64_t step) override;
  Metrics evaluate() override;
  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;

  const Vjepa2Ac& model() const { return trainer_.model(); }

 private:
  AcTrainConfig config_;
  AcTrainData data_;
  PretrainSchedule schedule_;
  std::string preset_;
  AcTrainer trainer_;
};

}  // namespace foresee
