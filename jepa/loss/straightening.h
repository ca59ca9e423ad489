#pragma once

#include "jepa/core/tensor.h"

namespace foresee {

/// How much latent paths turn: the mean over batch and time of 1 - cos(z_{t+1} - z_t, z_{t+2} - z_{t+1}); 0 on straight
/// lines, 1 on random walks, 2 where every step turns back (temporal straightening, arXiv 2603.12231, equation of the
/// curvature loss).
/// @param embeddings  float [B, T, D], T >= 3.
/// @returns float [], differentiable; steps of length near 0 count little (their norm is at least 1e-6).
Tensor straightening_loss(const Tensor& embeddings);

}  // namespace foresee
