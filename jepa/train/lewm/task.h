#pragma once

#include <functional>
#include <string>
#include <vector>

#include "jepa/model/lewm/loss.h"
#include "jepa/nn/autocast.h"
#include "jepa/train/adamw.h"
#include "jepa/train/lewm/evaluation.h"
#include "jepa/train/loop.h"

namespace foresee {

/// How LeWM is trained; the defaults are stable-worldmodel's.
struct LewmTrainConfig {
  int64_t batch = 128;                        // clips a step
  double learning_rate = 5e-5;                // peak, AdamW
  double warmup_fraction = 0.01;              // of all steps, linear; then half a cosine to zero
  double weight_decay = 1e-3;                 // of every parameter, biases and norms too
  double clip_norm = 1.0;                     // global gradient norm; 0: not clipped
  Precision precision = Precision::kFloat32;  // of the large products
  LewmLossConfig loss;
};
void describe(Fields& fields, LewmTrainConfig& config);

/// B clips of T = lewm_clip_frames() frames.
struct LewmBatch {
  Tensor frames;     // uint8 [B, T, 3, H, W]
  Tensor actions;    // float [B, T, action_block], normalised, NaN -> 0
  Tensor proprio{};  // float [B, T, proprioception] where the model takes it, as recorded
};

/// What a LeWM is trained on and what its model folder says about it.
struct LewmTrainData {
  std::function<LewmBatch(int64_t step)> batch;  // a function of the step alone
  LewmHeldOut held_out;
  Preprocess preprocess;
  ActionSpec actions;
  std::vector<double> proprio_mean{}, proprio_std{};  // of the training split, where the model takes proprioception
};

/// Training of LeWorldModel. Weights are drawn, and every step is, from `seed` and the step's number.
class LewmTask : public TrainTask {
 public:
  /// @param steps  optimizer steps in all: the learning rate ends there. @param preset  for the model folder.
  /// @param device  where the model computes; batches come from the CPU.
  /// @throws ConfigError when the data's action blocks are not of the model's size.
  LewmTask(const LewmConfig& model, const LewmTrainConfig& config, LewmTrainData data, int64_t steps, uint64_t seed,
           std::string preset = "", at::Device device = at::kCPU);

  void start(int64_t step) override;
  Metrics step(int64_t step) override;
  void settle() override;
  Metrics evaluate() override;
  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;

  Lewm& model() { return model_; }

 private:
  LewmTrainConfig config_;
  LewmTrainData data_;
  int64_t steps_;
  uint64_t seed_;
  std::string preset_;
  at::Device device_;
  int64_t done_ = 0;  // steps
  Lewm model_;
  AdamW optimizer_;
  std::vector<Tensor> parameters_;

  LewmLosses losses_of(const LewmBatch& batch, const Tensor& directions, Dropout* dropout) const;
  Tensor directions(int64_t step) const;  // of SIGReg, [embedding, projections]
};

}  // namespace foresee
