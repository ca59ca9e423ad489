#pragma once

#include <memory>
#include <string>
#include <vector>

#include "jepa/io/model_folder.h"
#include "jepa/model/encoder.h"
#include "jepa/model/predictor.h"

namespace foresee {

/// The networks of the `vjepa2` family: "model" of config.json. Defaults: ViT-L of the release.
struct Vjepa2Config {
  VideoEncoderConfig encoder;
  MaskedPredictorConfig predictor;
};
void describe(Fields& fields, Vjepa2Config& config);

/// Encoder sizes by upstream's constructor name: vit_tiny .. vit_gigantic_xformers. All else is the default.
/// @throws ConfigError for an unknown name, with the nearest known one.
VideoEncoderConfig video_encoder_preset(const std::string& name);
std::vector<std::string> video_encoder_presets();

/// A trained encoder as others use it: weights frozen, and how pictures become its input.
struct LoadedVideoEncoder {
  std::shared_ptr<VideoEncoder> encoder;
  Preprocess preprocess;
};

/// Loads the encoder of a `vjepa2` model folder, checkpoint folder or run folder.
/// @throws CheckpointError for another family or weights that do not fit.
LoadedVideoEncoder load_video_encoder(const std::filesystem::path& folder);

}  // namespace foresee
