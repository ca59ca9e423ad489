#pragma once

#include "foresee/train/trainers.h"
#include "jepa/model/vjepa2/files/weights.h"

namespace foresee {

/// Reads the encoder that a run is trained on. Which one of Meta's files says taken_encoder.
/// @throws RequestError where none is named, CheckpointError.
Vjepa2Weights frozen_encoder(const TrainJob& job);

/// Writes the fingerprint of the encoder's weights into the record. @throws ConfigError where the settings are of an
/// encoder with other weights.
void record_weights(RunOrigin& origin, const torch::nn::Module& encoder);

/// Where what the encoder gives is kept.
std::filesystem::path latents_folder(const TrainRequest& request);

}  // namespace foresee
