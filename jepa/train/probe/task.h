#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jepa/model/vjepa2/files/weights.h"
#include "jepa/train/adamw.h"
#include "jepa/train/loop.h"
#include "jepa/train/probe/evaluation.h"
#include "jepa/train/probe/recipe.h"

namespace foresee {

/// What a probe is trained on.
struct ProbeData {
  std::function<ProbeBatch(int64_t step)> batch;  // a function of the step alone
  ProbeHeldOut held_out;
  std::vector<std::string> labels;  // name of every class
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
