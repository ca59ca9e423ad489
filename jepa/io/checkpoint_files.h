#pragma once

/// Names of the files in a model folder, checkpoint or run. Which of them are there depends on what was trained.
namespace foresee::checkpoint_files {

inline constexpr const char* kModel = "model.safetensors";                   // weights of the model, or of the encoder
inline constexpr const char* kPredictor = "predictor.safetensors";           // masked predictor
inline constexpr const char* kTargets = "targets.json";                      // what the masked predictor predicts
inline constexpr const char* kTargetEncoder = "target_encoder.safetensors";  // moving average of the encoder
inline constexpr const char* kProbe = "probe.safetensors";                   // attentive probe
inline constexpr const char* kOptimizer = "optimizer.safetensors";           // moments and step counts
// Of a training that rehearses an old scene: the last state that still knew it.
inline constexpr const char* kLastGood = "optimizer_last_good.safetensors";

// Of a run folder, not of its checkpoints: names the run, and is there before the first of them.
inline constexpr const char* kRunName = ".run";

}  // namespace foresee::checkpoint_files
