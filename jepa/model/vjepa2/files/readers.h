#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "jepa/io/names/weight_file.h"
#include "jepa/model/vjepa2/files/weights.h"

namespace foresee {

// The readers behind read_vjepa2, one for each form.

/// A weight file by itself, under Meta's names or transformers'. @throws CheckpointError.
Vjepa2Weights read_official(const std::filesystem::path& path, const Vjepa2ReadOptions& options, Vjepa2Parts parts);
/// What a weight file holds, by its names.
Vjepa2Content official_content(const WeightFile& file);

/// A folder of transformers: VJEPA2Model or VJEPA2ForVideoClassification. @throws CheckpointError.
/// @param file  one weight file of it; empty: those that the folder has.
Vjepa2Weights read_huggingface(const std::filesystem::path& folder, const Vjepa2ReadOptions& options,
                               const std::filesystem::path& file = {});
/// A weight file with transformers' names and no folder around it: sizes from a pickled config, else from the tensors.
Vjepa2Weights read_huggingface_file(const WeightFile& file, const Vjepa2ReadOptions& options, Vjepa2Parts parts);
/// Whether a file has an encoder under transformers' names.
bool has_huggingface_names(const BareNames& names);
/// Whether config.json is there and of model_type "vjepa2". @throws CheckpointError where it is no JSON.
bool is_huggingface_folder(const std::filesystem::path& folder);

/// What the files of transformers' processors say of pictures; without one, crop_size of config.json.
/// @throws CheckpointError that names the key for what cannot be done.
PictureSpec huggingface_pictures(const std::filesystem::path& folder);
/// The same for read_huggingface_file, beside which lies no processor.
PictureSpec huggingface_file_pictures(const WeightFile& file, const Vjepa2ReadOptions& options);
/// What is done with pictures for a file that does not say it: as Meta evaluates.
PictureSpec official_pictures(const std::filesystem::path& path, const Vjepa2ReadOptions& options);
/// What preprocess.json says, or what the family did before it said it.
PictureSpec foresee_pictures(const PictureSpec& said, const std::string& family);

/// A model folder of ours, of either family. @throws CheckpointError.
Vjepa2Weights read_foresee(const std::filesystem::path& folder, const Vjepa2ReadOptions& options, Vjepa2Parts parts);

// Sizes from tensors under official names; what an option gives comes before what the published models have.
void set_encoder_sizes(VideoEncoderConfig& config, const TensorMap& encoder, std::optional<int64_t> heads,
                       const std::string& source);
void set_predictor_sizes(MaskedPredictorConfig& config, const TensorMap& predictor, std::optional<int64_t> heads,
                         const std::string& source);
StackSizes probe_sizes(const TensorMap& probe, std::optional<int64_t> heads, const std::string& source);

}  // namespace foresee
