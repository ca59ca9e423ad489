#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "jepa/io/pt_file.h"
#include "jepa/model/vjepa2/files/weights.h"

namespace foresee {

// The readers behind read_vjepa2, one for each form.

/// Meta's .pt files. @throws CheckpointError.
Vjepa2Weights read_official(const std::filesystem::path& path, const Vjepa2ReadOptions& options);
/// What a file of torch.save holds, by its keys.
Vjepa2Content official_content(const PtFile& file);

/// A folder of transformers: VJEPA2Model or VJEPA2ForVideoClassification. @throws CheckpointError.
Vjepa2Weights read_huggingface(const std::filesystem::path& folder, const Vjepa2ReadOptions& options);
/// Whether config.json is there and of model_type "vjepa2". @throws CheckpointError where it is no JSON.
bool is_huggingface_folder(const std::filesystem::path& folder);

/// What the files of transformers' processors say of pictures; without one, crop_size of config.json.
/// @throws CheckpointError that names the key for what cannot be done.
PictureSpec huggingface_pictures(const std::filesystem::path& folder);
/// What is done with pictures for a file that does not say it: as Meta evaluates.
PictureSpec official_pictures(const std::filesystem::path& path, const Vjepa2ReadOptions& options);
/// What preprocess.json says, or what the family did before it said it.
PictureSpec foresee_pictures(const PictureSpec& said, const std::string& family);

/// A model folder of ours, of either family. @throws CheckpointError.
Vjepa2Weights read_foresee(const std::filesystem::path& folder, const Vjepa2ReadOptions& options);

// Sizes from tensors under official names; what an option gives comes before what the published models have.
void set_encoder_sizes(VideoEncoderConfig& config, const TensorMap& encoder, std::optional<int64_t> heads,
                       const std::string& source);
void set_predictor_sizes(MaskedPredictorConfig& config, const TensorMap& predictor, std::optional<int64_t> heads,
                         const std::string& source);
StackSizes probe_sizes(const TensorMap& probe, std::optional<int64_t> heads, const std::string& source);

}  // namespace foresee
