#pragma once

#include <filesystem>

#include "jepa/model/vjepa2/files/weights.h"

namespace foresee {

// What read_vjepa2 found, written as others read it. Each makes the folder; @throws CheckpointError where the form
// cannot say what the weights need, or on a full disk.

/// transformers: config.json, model.safetensors (files of at most `shard_bytes` with an index where it is larger),
/// video_preprocessor_config.json. VJEPA2ForVideoClassification where there is a probe, else VJEPA2Model.
void export_huggingface(const Vjepa2Weights& weights, const std::filesystem::path& folder,
                        int64_t shard_bytes = 5'000'000'000);

/// Meta: model.pt with the keys encoder, predictor, target_encoder ("module.backbone.NAME", or "module.NAME" where
/// there is an action-conditioned predictor) and epoch; probe.pt with classifiers where there is a probe. The target
/// encoder is the encoder that was read.
void export_official(const Vjepa2Weights& weights, const std::filesystem::path& folder);

/// This program: see Note [V-JEPA 2 folders].
void export_foresee(const Vjepa2Weights& weights, const std::filesystem::path& folder);

/// Networks of a named model (vjepa2_preset) with random weights, as training begins with them.
Vjepa2Weights random_vjepa2(const std::string& preset, uint64_t seed);

}  // namespace foresee
