#pragma once

#include <cstdint>

#include "jepa/core/tensor.h"

namespace foresee::data {

/// One recorded episode of T rows; a row is what was seen and the action that leaves it.
struct Episode {
  uint64_t id = 0;    // number of the episode in its collection
  Tensor frames;      // uint8 [T, H, W, 3], RGB
  TensorMap columns;  // [T, ...] each: "action" float [T, A] (last row NaN), "state", "proprio", ...

  int64_t length() const { return frames.size(0); }
};

}  // namespace foresee::data
