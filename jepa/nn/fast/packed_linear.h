#pragma once

#include "jepa/nn/parameter_tree.h"

namespace foresee {

/// Arithmetic of a network that only runs forward.
enum class Precision {
  kFloat32,
  kBFloat16,  // weights, and where it is faster matrix products and attention; the residual stream and norms stay
              // float32
};
inline constexpr std::pair<Precision, std::string_view> kPrecisionNames[] = {{Precision::kFloat32, "fp32"},
                                                                             {Precision::kBFloat16, "bf16"}};

/// Whether this processor multiplies bfloat16 faster than float32. Those with AVX512_BF16 alone do on AMD (2.3 times)
/// and do not on Intel (0.55 times), where it takes AMX.
bool has_fast_bfloat16();
/// What inputs and outputs of products are kept in: bfloat16 where that was asked for and is fast, else float32.
at::ScalarType dtype_of(Precision precision, at::Device device);

/// A linear map made ready for many products without gradients: on the CPU its weight is laid out once as oneDNN wants
/// it (a copy; measured 5 to 12 % faster), where LibTorch has that; elsewhere it is at::linear.
class PackedLinear {
 public:
  PackedLinear() = default;
  /// @param map  of which weight and bias are rounded to the precision. @param rows  how many rows products usually
  /// have.
  PackedLinear(const Affine& map, Precision precision, int64_t rows);

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
