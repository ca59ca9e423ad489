#pragma once

#include "jepa/core/tensor.h"

namespace foresee {

/// Which of two ways computes a function. Both give the same values and gradients up to rounding; a test holds one
/// against the other.
enum class Kernel {
  kAutomatic,  // fused where the inputs suit it, plain elsewhere
  kFused,      // in one pass, written for the processor; an Error where the inputs do not suit it
  kPlain,      // the formula, written with LibTorch's operators
};

/// Whether a function goes the fused way.
/// @param suits  whether its inputs suit that way. @param what  inputs that do, for the message. @param got  the input
/// that decides. @throws Error where the fused way is demanded of inputs that do not suit it.
bool takes_fused(Kernel kernel, bool suits, const char* what, const Tensor& got);

/// Whether `x` is float32 on the CPU and no autocast changes what is done with it: what most fused kernels ask for.
bool is_plain_cpu_float(const Tensor& x);

}  // namespace foresee
