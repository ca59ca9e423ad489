#pragma once

#include <vector>

#include "jepa/core/random.h"
#include "jepa/io/model_folder.h"
#include "jepa/train/adamw.h"
#include "jepa/train/lewm/recipe.h"

namespace foresee {

/// B clips of T = lewm_clip_frames() frames.
struct LewmBatch {
  Tensor frames;     // uint8 [B, T, 3, H, W]
  Tensor actions;    // float [B, T, action_block], normalised, NaN -> 0
  Tensor proprio{};  // float [B, T, proprioception] where the model takes it, as recorded
};

/// The step of LeWorldModel: prediction and SIGReg on one batch, then AdamW on every parameter, gradients clipped.
class LewmTrainer {
 public:
  /// @param model  where it computes; batches come from the CPU. @param seed  names the directions of SIGReg.
  LewmTrainer(Lewm model, const LewmTrainConfig& config, const Preprocess& preprocess, uint64_t seed);

  /// The losses with their graph. @param step  names the directions. @param dropout  null: none.
  LewmLosses losses(const LewmBatch& batch, int64_t step, Dropout* dropout) const;
  /// One update along the gradients of `losses`. @returns the global gradient norm before clipping.
  double update(const LewmLosses& losses, double learning_rate);

  Lewm& model() { return model_; }
  const Lewm& model() const { return model_; }
  AdamW& optimizer() { return optimizer_; }
  const AdamW& optimizer() const { return optimizer_; }

 private:
  LewmTrainConfig config_;
  Preprocess preprocess_;
  uint64_t seed_;
  Lewm model_;
  AdamW optimizer_;
  std::vector<Tensor> parameters_;
};

}  // namespace foresee
