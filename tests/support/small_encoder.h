#pragma once

#include <filesystem>

#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/files/export.h"

namespace foresee {

/// Makes a model folder of a video encoder of two frames of 16 px, with random weights.
inline void save_small_encoder(const std::filesystem::path& folder) {
  Vjepa2Weights weights;
  VideoEncoderConfig& config = weights.config.encoder;
  config.image_size = 16, config.frames = 2, config.patch_size = 8;
  config.width = 32, config.depth = 1, config.heads = 2;
  VideoEncoder network(config);
  network.initialise(5);
  weights.preprocess.size = 16;
  weights.encoder = state_dict(network);
  std::filesystem::create_directories(folder);
  export_foresee(weights, folder);
}

}  // namespace foresee
