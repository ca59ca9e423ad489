#include "jepa/nn/precision.h"

namespace foresee {

bool has_fast_bfloat16() {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  static const bool fast =
      __builtin_cpu_supports("amx-bf16") || (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_is("amd"));
  return fast;
#else
  return false;
#endif
}

at::ScalarType dtype_of(Precision precision, at::Device device) {
  const bool half = precision == Precision::kBFloat16 && (!device.is_cpu() || has_fast_bfloat16());
  return half ? at::kBFloat16 : at::kFloat;
}

}  // namespace foresee
