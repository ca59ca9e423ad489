#pragma once

#include "jepa/core/tensor.h"

namespace foresee {

/// The features to be predicted: target-encoder tokens, layer-normed once more without weights (eps 1e-5).
/// @param features  float [..., D], after the encoder's final norm.
Tensor latent_targets(const Tensor& features);

/// mean(|prediction - target|^p) / p (V-JEPA 2: p = 1; the prediction is not normed).
/// @param prediction, target  float of one shape.
Tensor latent_prediction_loss(const Tensor& prediction, const Tensor& target, double exponent = 1.0);

/// Targets in which what changes over time counts more than what stays. A joint-embedding loss is content with what is
/// easy to predict, and that is what stays the same over a clip ("Joint Embedding Predictive Architectures Focus on
/// Slow Features", Sobal et al. 2022, arXiv 2211.10831). So at every place the mean over time is taken off, what is
/// left is brought to a mean square of 1 over the batch, and `steady` times the mean is added again.
/// @param targets  float [B, N, D], of latent_targets; N = times * places, time first. @param times  time steps; with
/// one there is no change, and the targets stay as they are. @param steady  at least 0; 1: the targets as they are.
/// @returns [B, N, D].
Tensor weigh_change(const Tensor& targets, int64_t times, double steady);

}  // namespace foresee
