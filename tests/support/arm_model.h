#pragma once

#include <filesystem>

#include "jepa/core/config.h"
#include "jepa/io/model_folder.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"
#include "jepa/model/vjepa2_ac/vjepa2_ac.h"

namespace foresee {

/// Writes a model of an arm with random weights: its plans mean nothing, but they are plans. @returns the folder.
/// @param extrinsics  whether it takes the camera's pose.
inline std::filesystem::path write_arm_model(const std::filesystem::path& folder, bool extrinsics = false) {
  Vjepa2AcConfig config;
  config.predictor.use_extrinsics = extrinsics;
  config.encoder.image_size = 32;
  config.encoder.width = config.predictor.width = 48;
  config.encoder.depth = config.predictor.depth = 1;
  config.encoder.heads = config.predictor.heads = 3;
  const Vjepa2Ac model(config);
  model.encoder->initialise(1);
  model.predictor->initialise(1);
  ModelFolder files;
  files.family = "vjepa2_ac";
  files.model = config_json(config);
  files.preprocess.size = 32;
  files.actions = ActionSpec{.size = kArmPoseSize};
  files.weights = model.weights();
  save_model_folder(folder, files);
  return folder;
}

}  // namespace foresee
