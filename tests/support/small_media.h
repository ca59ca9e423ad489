#pragma once

#include "jepa/core/tensor.h"

namespace foresee::tests {

// Recorded small models of transformers: 48 px and 6 frames; 32 px, 4 frames, 7 classes.
inline constexpr const char *kSmallBase = "tests/fixtures/vjepa2/hf_base",
                            *kSmallClassifier = "tests/fixtures/vjepa2/hf_classifier";

/// A picture of diagonal stripes that move with `phase`: uint8 [3, height, width].
inline Tensor drawing(int64_t height, int64_t width, int64_t phase) {
  const Tensor rows = at::arange(height).unsqueeze(1) * 5, columns = at::arange(width) * 3 + 20 * phase;
  return at::stack({(rows + columns) % 256, (rows * 2 + columns) % 256, (rows + columns * 2) % 256})
      .to(at::kByte)
      .contiguous();
}

}  // namespace foresee::tests
