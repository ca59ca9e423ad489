#pragma once

#include <numeric>
#include <vector>

#include "jepa/model/vjepa2/vjepa2.h"
#include "tests/support/golden.h"

namespace foresee {

// The small networks and inputs of the recorded golden values.

inline VideoEncoderConfig golden_encoder() {
  VideoEncoderConfig config;
  config.image_size = 48;
  config.frames = 6;
  config.width = 64;
  config.depth = config.heads = 2;
  return config;
}

inline MaskedPredictorConfig golden_predictor() {
  MaskedPredictorConfig config;
  config.width = 32;
  config.depth = config.heads = 2;
  config.mask_tokens = 3;
  return config;
}

inline Tensor golden_clip() { return 2.0 * hash_fill({1, 3, 6, 48, 48}, 1000); }
inline Tensor ids(std::vector<int64_t> values) { return at::tensor(values, at::kLong).unsqueeze(0); }
inline const std::vector<int64_t> kContext{0, 4, 5, 10, 20, 26}, kTarget{1, 13, 25, 2};

}  // namespace foresee
