#pragma once

#include "jepa/core/tensor.h"

namespace foresee {

// Diagnostics of collapse: an encoder that maps everything to (nearly) one point or line makes prediction trivial.

/// Effective rank of a set of features (Roy & Vetterli 2007): exp of the entropy of the singular values of the centred
/// [N, D] matrix, normalised to sum 1. Between 1 (all on a line; 0 when all are equal) and min(N - 1, D).
/// @param features  float [..., D]; leading axes are samples.
double effective_rank(const Tensor& features);

/// Standard deviation over the samples, averaged over the dimensions; 0: collapsed to a point.
/// @param features  float [..., D].
double mean_std(const Tensor& features);

}  // namespace foresee
