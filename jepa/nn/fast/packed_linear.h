#pragma once

#include "jepa/core/kernel.h"
#include "jepa/nn/affine.h"
#include "jepa/nn/precision.h"

namespace foresee {

/// A linear map made ready for many products without gradients. Fused: on the CPU its weight is laid out once as oneDNN
/// wants it (a copy; measured 5 to 12 % faster), where LibTorch has that. Plain: at::linear.
class PackedLinear {
 public:
  PackedLinear() = default;
  /// @param map  of which weight and bias are rounded to the precision. @param rows  how many rows products usually
  /// have.
  PackedLinear(const Affine& map, Precision precision, int64_t rows, Kernel kernel = Kernel::kAutomatic);

  /// x weight^T + bias, and its GELU (exact). @param x  [..., in] of dtype_of(precision, device). @returns the same
  /// dtype.
  Tensor forward(const Tensor& x) const { return apply(x, /*gelu=*/false); }
  Tensor forward_gelu(const Tensor& x) const { return apply(x, /*gelu=*/true); }

 private:
  Tensor apply(const Tensor& x, bool gelu) const;

  Affine map_;
  Tensor packed_;  // undefined: not packed
};

}  // namespace foresee
