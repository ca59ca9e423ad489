#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jepa/model/vjepa2/files/weights.h"
#include "jepa/model/vjepa2/probe.h"
#include "jepa/train/adamw.h"
#include "jepa/train/loop.h"

namespace foresee {

/// How an attentive probe is trained: V-JEPA 2's frozen evaluations, at one of the rates that they sweep.
struct ProbeTrainConfig {
  int64_t batch = 4;            // clips a step
  double learning_rate = 1e-3;  // at the first step, then half a cosine to 0; upstream sweeps 1e-4 to 5e-3
  double weight_decay = 0.01;   // of every parameter, biases and norms too; upstream sweeps 0.01 to 0.8
};
void describe(Fields& fields, ProbeTrainConfig& config);

/// Encoded clips and their classes.
struct ProbeBatch {
  Tensor tokens;   // float [B, N, D]
  Tensor classes;  // int64 [B]
};

/// What a probe is trained on.
struct ProbeData {
  std::function<ProbeBatch(int64_t step)> batch;      // a function of the step alone
  std::vector<std::function<ProbeBatch()>> held_out;  // batches that training never sees
  std::vector<std::string> labels;                    // name of every class
};

/// Training of an attentive probe on a frozen encoder's tokens. A checkpoint is a model folder with encoder and probe
/// (Note [V-JEPA 2 folders]).
class ProbeTask : public TrainTask {
 public:
  /// @param encoder  what the tokens came from; written into every checkpoint. @param steps  optimizer steps in all.
  ProbeTask(const ProbeConfig& config, const ProbeTrainConfig& training, ProbeData data, Vjepa2Weights encoder,
            int64_t steps, uint64_t seed);

  void start(int64_t step) override;
  Metrics step(int64_t step) override;
  /// held_out_loss, held_out_accuracy (largest logit), held_out_majority (the accuracy of always answering the most
  /// frequent class of the held-out clips). Empty where nothing is held out.
  Metrics evaluate() override;
  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;

  const AttentiveProbe& probe() const { return *probe_; }

 private:
  ProbeTrainConfig config_;
  ProbeData data_;
  Vjepa2Weights encoder_;
  int64_t steps_;
  std::shared_ptr<AttentiveProbe> probe_;
  AdamW optimizer_;
};

}  // namespace foresee
