#pragma once

#include "jepa/model/lewm.h"

namespace foresee {

/// What the training loss of LeWM is made of.
struct LewmLosses {
  Tensor prediction, sigreg, total;  // float []
  Tensor embeddings;                 // float [B, T, embedding]
  Tensor predictions;                // float [B, T - 1, embedding]
};

/// Settings of the loss; defaults as stable-worldmodel trains.
struct LewmLossConfig {
  double sigreg_weight = 0.09;
  int64_t knots = 17;          // quadrature knots of SIGReg
  int64_t projections = 1024;  // directions a step
};
void describe(Fields& fields, LewmLossConfig& config);

/// Teacher forcing plus SIGReg (arXiv 2603.19312; stable-worldmodel scripts/train/lewm.py):
///   mean((predict(z_t, a_t) - z_{t+1})^2) + weight * SIGReg(z), per time step over the batch.
/// Gradients reach the encoder through prediction and target alike: SIGReg prevents the collapse, not a stopped
/// gradient.
/// @param frames  uint8 [B, T, 3, H, W], T = history + 1. @param actions  float [B, T, action_block], normalised, no
/// NaN.
/// @param directions  float [embedding, M], raw normal draws (see sigreg).
LewmLosses lewm_losses(const Lewm& model, const Preprocess& preprocess, const Tensor& frames, const Tensor& actions,
                       const Tensor& directions, const LewmLossConfig& config, Dropout* dropout);

}  // namespace foresee
