#pragma once

#include <cstdint>

namespace foresee {

/// Bytes of the float weights of `depth` transformer blocks, for a check before they are allocated: attention
/// [4, width, width] and an MLP [2, width, mlp] each. A double, so that no sizes overflow.
inline double transformer_bytes(int64_t width, int64_t mlp, int64_t depth) {
  const auto w = static_cast<double>(width), m = static_cast<double>(mlp);
  return sizeof(float) * static_cast<double>(depth) * (4 * w * w + 2 * w * m);
}

}  // namespace foresee
