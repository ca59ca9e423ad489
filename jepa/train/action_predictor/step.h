#pragma once

#include <memory>
#include <vector>

#include "jepa/core/random.h"
#include "jepa/model/vjepa2_ac/vjepa2_ac.h"
#include "jepa/train/adamw.h"
#include "jepa/train/masked/schedule.h"

namespace foresee {

/// B clips of T frames as the action predictor trains on them.
struct AcBatch {
  Tensor features;    // float [B, T * n, D], of Vjepa2Ac::encode
  Tensor actions;     // float [B, T - 1, action_size], normalised
  Tensor states;      // float [B, T, state_size], of Vjepa2Ac::normalise_states
  Tensor extrinsics;  // float [B, T, extrinsics_size]; undefined unless the predictor uses them
};

/// What is minimised. Defaults: V-JEPA 2-AC's.
struct AcObjective {
  int64_t rollout_steps = 2;  // frames that are predicted from the first one alone ("auto_steps")
  double exponent = 1.0;      // p of mean |z - h|^p / p
};
void describe(Fields& fields, AcObjective& config);

/// What one forward pass gives.
struct AcForward {
  Tensor loss;                        // scalar: the sum of the next two
  Tensor teacher_loss, rollout_loss;  // scalars ("jloss", "sloss")
  Tensor predictions;                 // [B, (T - 1) * n, D], layer-normed: frames 1 .. T - 1 from the true ones before
  std::vector<Tensor> rollout_calls;  // [B, (i + 2) * n, D]: what the predictor gave at each further step, as it left
};

/// The loss of V-JEPA 2-AC (facebookresearch/vjepa2 app/vjepa_droid/train.py), with its graph:
///   teacher forcing:  z_t+1 = LN(p(h_0 .. h_t, a_0 .. a_t, s_0 .. s_t)),  t = 0 .. T - 2
///   roll-out:         y_1 = z_1,  y_n+1 = LN(p(h_0, y_1 .. y_n, a_0 .. a_n, s_0 .. s_n)),  with the true states s
///   loss = mean |z - h|^p / p + mean |y - h|^p / p
AcForward ac_forward(const Vjepa2Ac& model, const AcBatch& batch, const FrameGrid& grid,
                     const AcObjective& objective = {});

/// The step: the loss, then AdamW on the predictor; matrices are decayed, biases and norms not. No gradient is clipped,
/// the encoder is not touched.
class AcTrainer {
 public:
  AcTrainer(Vjepa2Ac model, const AdamW::Options& optimizer);

  /// One update on the gradients that loss.backward() left, which are then dropped.
  void update(const StepRates& rates);

  const Vjepa2Ac& model() const { return model_; }
  AdamW& optimizer() { return optimizer_; }
  const AdamW& optimizer() const { return optimizer_; }

 private:
  Vjepa2Ac model_;
  AdamW optimizer_;
};

}  // namespace foresee
