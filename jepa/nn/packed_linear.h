#pragma once

#include "jepa/nn/parameter_tree.h"

namespace foresee {

/// Arithmetic of a network that only runs forward.
enum class Precision {
  kFloat32,
  kBFloat16,  // matrix products and attention; sums of the residual stream and norms stay float32
};
inline constexpr std::pair<Precision, std::string_view> kPrecisionNames[] = {{Precision::kFloat32, "fp32"},
                                                                             {Precision::kBFloat16, "bf16"}};
at::ScalarType dtype_of(Precision precision);

/// A linear map made ready for many products without gradients: on the CPU its weight is laid out once as oneDNN wants
/// it (a copy; measured 5 to 12 % faster), where LibTorch has that; elsewhere it is at::linear.
class PackedLinear {
 public:
  PackedLinear() = default;
  /// @param map  of which weight and bias are kept in `dtype`. @param rows  how many rows products usually have.
  PackedLinear(const Affine& map, at::ScalarType dtype, int64_t rows);

  /// x weight^T + bias, and its GELU (exact). @param x  [..., in] of the dtype. @returns the same dtype.
  Tensor forward(const Tensor& x) const { return apply(x, /*gelu=*/false); }
  Tensor forward_gelu(const Tensor& x) const { return apply(x, /*gelu=*/true); }

 private:
  Tensor apply(const Tensor& x, bool gelu) const;

  Affine map_;
  Tensor packed_;  // undefined: not packed
};

}  // namespace foresee
