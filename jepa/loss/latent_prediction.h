#pragma once

#include "jepa/core/tensor.h"

namespace foresee {

/// The features to be predicted: target-encoder tokens, layer-normed once more without weights (eps 1e-5).
/// @param features  float [..., D], after the encoder's final norm.
Tensor latent_targets(const Tensor& features);

/// mean(|prediction - target|^p) / p (V-JEPA 2: p = 1; the prediction is not normed).
/// @param prediction, target  float of one shape.
Tensor latent_prediction_loss(const Tensor& prediction, const Tensor& target, double exponent = 1.0);

}  // namespace foresee
