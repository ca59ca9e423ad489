#pragma once

#include "jepa/core/kernel.h"

namespace foresee {

/// GELU(x weight^T + bias) with the exact erf, first layer of every MLP. Fused, in float32 on the CPU: one pass over
/// the product adds the bias, applies the function and leaves its slope for backward, which is then one multiplication;
/// erf is Abramowitz & Stegun 7.1.26 (absolute error 1.5e-7), as in LibTorch's own kernel. Sums do not depend on the
/// number of threads.
/// @param x  float [..., in]. @param weight  [out, in]. @param bias  [out]; undefined: none. @returns [..., out].
Tensor linear_gelu(const Tensor& x, const Tensor& weight, const Tensor& bias, Kernel kernel = Kernel::kAutomatic);

}  // namespace foresee
