#pragma once

#include "jepa/model/lewm/lewm.h"

namespace foresee {

/// What the training loss of LeWM is made of.
struct LewmLosses {
  Tensor prediction, sigreg, total;  // float []
  Tensor rollout, straightening;     // float [], undefined where their weights are 0
  Tensor embeddings;                 // float [B, T, embedding]
  Tensor predictions;                // float [B, history, embedding]; of a prefix predictor: [B, horizon, embedding]
};

/// Settings of the loss; defaults as stable-worldmodel trains.
struct LewmLossConfig {
  double sigreg_weight = 0.09;
  int64_t knots = 17;          // quadrature knots of SIGReg
  int64_t projections = 1024;  // directions a step
  int64_t rollout_steps = 1;   // blocks that the model also predicts from its own predictions; 1: none
  double rollout_weight = 1.0;
  double straightening_weight = 0.0;
};
void describe(Fields& fields, LewmLossConfig& config);

/// Teacher forcing plus SIGReg (arXiv 2603.19312; stable-worldmodel scripts/train/lewm.py):
///   mean((predict(z_t, a_t) - z_{t+1})^2) + weight * SIGReg(z), per time step over the batch.
/// Gradients reach the encoder through prediction and target alike: SIGReg prevents the collapse, not a stopped
/// gradient. Options, 0 or 1 by default:
/// - rollout_steps R > 1 (arXiv 2512.24497, section 4; V-JEPA 2-AC): from the first frame the model predicts R blocks,
///   each from its own predictions, with the gradient through all of them; adds rollout_weight times the mean square
///   error of steps 2 .. R. This is what planning does with one context frame;
/// - straightening_weight (arXiv 2603.12231): see straightening_loss;
/// - a prefix predictor (arXiv 2606.26217) is trained on every prefix from every frame, and has no roll-out loss.
/// @param frames  uint8 [B, T, 3, H, W], T >= lewm_clip_frames(). @param actions  float [B, T, action_block],
/// normalised, no NaN.
/// @param directions  float [embedding, M], raw normal draws (see sigreg).
/// @param state  float [B, T, proprioception], undefined for a model without.
LewmLosses lewm_losses(const Lewm& model, const Preprocess& preprocess, const Tensor& frames, const Tensor& actions,
                       const Tensor& directions, const LewmLossConfig& config, Dropout* dropout,
                       const Tensor& state = {});

/// Frames of a clip that these losses need.
int64_t lewm_clip_frames(const LewmConfig& model, const LewmLossConfig& loss);

}  // namespace foresee
