#pragma once

/// Names of the files in a model folder or checkpoint. Which of them are there depends on what was trained.
namespace foresee::checkpoint_files {

inline constexpr const char* kModel = "model.safetensors";                   // weights of the model, or of the encoder
inline constexpr const char* kPredictor = "predictor.safetensors";           // masked predictor
inline constexpr const char* kTargetEncoder = "target_encoder.safetensors";  // moving average of the encoder
inline constexpr const char* kProbe = "probe.safetensors";                   // attentive probe
inline constexpr const char* kOptimizer = "optimizer.safetensors";           // moments and step counts
// Of a training that rehearses an old scene: the last state that still knew it.
inline constexpr const char* kLastGood = "optimizer_last_good.safetensors";

}  // namespace foresee::checkpoint_files
