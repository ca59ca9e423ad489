#pragma once

#include <string_view>
#include <utility>

#include "jepa/core/tensor.h"

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

}  // namespace foresee
