#pragma once

#include "jepa/nn/parameter_tree.h"

namespace foresee {

/// What ends a branch of a pre-norm block and begins the next one, without gradients, in one pass over the stream:
///   x += branch;  returns LayerNorm(x)
/// Sums and norms are float32 whatever the branch is.
/// @param x  float [..., width], contiguous, changed in place. @param branch  float or bfloat16 of the same shape;
/// undefined: nothing is added. @param dtype  of the result: float or bfloat16.
Tensor add_and_norm(Tensor& x, const Tensor& branch, const Affine& norm, double eps, at::ScalarType dtype);

}  // namespace foresee
