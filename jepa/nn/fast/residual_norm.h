#pragma once

#include "jepa/core/kernel.h"
#include "jepa/nn/affine.h"

namespace foresee {

/// What ends a branch of a pre-norm block and begins the next one, without gradients:
///   x += branch;  returns LayerNorm(x)
/// Sums and norms are float32 whatever the branch is. Fused, on the CPU: one pass over the stream.
/// @param x  float [..., width], contiguous, changed in place. @param branch  float or bfloat16 of the same shape;
/// undefined: nothing is added. @param dtype  of the result: float or bfloat16.
Tensor add_and_norm(Tensor& x, const Tensor& branch, const Affine& norm, double eps, at::ScalarType dtype,
                    Kernel kernel = Kernel::kAutomatic);

/// The same with gradients, and with the bias that the branch's last linear map left out.
struct ResidualNorm {
  Tensor stream;  // x + branch + bias
  Tensor normed;  // LayerNorm(stream)
};
/// Fused, in float32 on the CPU: one pass forward and one backward. Sums over rows do not depend on the number of
/// threads.
/// @param x, branch  float [rows, width]. @param bias  [width].
ResidualNorm residual_norm(const Tensor& x, const Tensor& branch, const Tensor& bias, const Affine& norm, double eps,
                           Kernel kernel = Kernel::kAutomatic);

}  // namespace foresee
