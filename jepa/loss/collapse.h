#pragma once

#include "jepa/core/tensor.h"

namespace foresee {

// Diagnostics of collapse: an encoder that maps everything to (nearly) one point or line makes prediction trivial.

/// Effective rank (Roy & Vetterli 2007) of the covariance of a set of features: exp of the entropy of its singular
/// values
/// (= eigenvalues = variances along the principal axes), normalised to sum 1. It counts the dimensions that carry the
/// variance; many directions of faint noise count little. Between 1 (all on a line; 0 when all are equal) and
/// min(N - 1, D).
/// @param features  float [..., D]; leading axes are samples.
double effective_rank(const Tensor& features);

/// Standard deviation over the samples, averaged over the dimensions; 0: collapsed to a point.
/// @param features  float [..., D].
double mean_std(const Tensor& features);

}  // namespace foresee
