#pragma once

#include <torch/nn/module.h>

#include <string>

#include "jepa/core/random.h"

namespace foresee {

/// Fills a V-JEPA 2 network as upstream does (VisionTransformer._init_weights and _rescale_blocks): matrices and
/// kernels normal with std 0.02, biases 0, norms 1 and 0, then attn.proj.weight and mlp.fc2.weight of block i divided
/// by sqrt(2 (i + 1)). Upstream's truncation at +-100 standard deviations never acts. The values depend on `random`
/// only.
/// @param blocks  name of the list of blocks: "blocks" or "predictor_blocks".
/// @param zero  parameters whose name begins so stay zero (mask tokens); empty: none.
void init_transformer(torch::nn::Module& module, const Random& random, const std::string& blocks,
                      const std::string& zero = "");

}  // namespace foresee
