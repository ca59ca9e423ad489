#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "jepa/core/action/action_spec.h"
#include "jepa/core/picture/picture_spec.h"
#include "jepa/core/tensor.h"
#include "jepa/io/manifest.h"

namespace foresee {

using Preprocess = PictureSpec;  // `preprocess.json`

/// Our own model folder: config.json {"family", "preset", "encoder", "model": {...}}, model.safetensors,
/// preprocess.json, actions.json (families with actions), training_set.json (where it is known), manifest.json (Note
/// [Manifests]), README.md (model card).
struct ModelFolder {
  std::string family;    // a name of the table of families
  nlohmann::json model;  // the family's architecture config; strict when parsed by the family
  Preprocess preprocess;
  std::optional<ActionSpec> actions;
  TensorMap weights;     // loaded ones are views of the file: clone before writing
  std::string preset{};  // the preset that `model` was made from; empty: none
  /// Which encoder of one of Meta's files its encoder is: "encoder" or "target_encoder"; empty: neither.
  std::string encoder{};
  nlohmann::json training_set{};  // `training_set.json`: what the training data were like; null: not said
};

/// Reads a model folder, a checkpoint folder of a run, or a run folder (its latest checkpoint).
/// @param family  when not empty: a folder of another family is an error that names both.
/// @param allow_nan  as require_finite. @throws CheckpointError naming the path and what is missing, damaged or wrong.
ModelFolder load_model_folder(const std::filesystem::path& path, const std::string& family = "",
                              bool allow_nan = false);

/// The same for a folder that open_model_folder() gave or that was checked otherwise: checksums are not computed.
ModelFolder read_model_folder(const std::filesystem::path& folder, const std::string& family = "",
                              bool allow_nan = false);

/// The folder that holds the weights: `path` itself, or the latest checkpoint where `path` is a run. Reads none of
/// them. @throws CheckpointError where there is none.
std::filesystem::path resolve_model_folder(const std::filesystem::path& path);

/// The same of a folder whose files are as they were written (Note [Manifests]); of a run, the latest such checkpoint,
/// with a line for each that is damaged. @throws CheckpointError where there is none.
std::filesystem::path open_model_folder(const std::filesystem::path& path, ManifestScope scope = ManifestScope::kModel);

/// The folder of ours whose model.safetensors a path is: the files beside the weights say what they are of and how
/// pictures and actions are prepared. Every other path as it is.
std::filesystem::path own_folder_of(const std::filesystem::path& path);

/// config.json of what resolve_model_folder finds; null where there is none that can be read. Never throws.
nlohmann::json peek_model_config(const std::filesystem::path& path);

/// Reads preprocess.json, actions.json and training_set.json into `model`, each where it is there.
/// @throws CheckpointError.
void read_input_files(const std::filesystem::path& folder, ModelFolder& model);

/// What preprocess.json says: every key that is known.
nlohmann::ordered_json preprocess_json(const PictureSpec& spec);

/// A file beside the weights that holds pictures and no weights (Note [Frame banks]).
inline constexpr const char* kFrameBankFile = "frames.safetensors";

/// The .safetensors, .pt, .pth, .ckpt and pytorch_model*.bin files of a resolved folder, by name, but for
/// kFrameBankFile. @throws CheckpointError where there is none.
std::vector<std::filesystem::path> weight_files(const std::filesystem::path& folder);

/// Refuses weights that hold NaN or infinity. @param allow_nan  they give a warning, and no error.
/// @throws CheckpointError with the number of such tensors and the first ones' names.
void require_finite(const std::filesystem::path& source, const TensorMap& weights, bool allow_nan);

/// Writes every file but the card into `path` (made when absent). @throws Error.
void save_model_folder(const std::filesystem::path& path, const ModelFolder& model);

}  // namespace foresee
