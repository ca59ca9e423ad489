#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee {

/// The weights of a folder of transformers, under bare names: model.safetensors or pytorch_model.bin, or the files that
/// "FILE.index.json" beside says. @throws CheckpointError naming the files that are absent and the tensors that are not
/// where the index says.
TensorMap folder_tensors(const std::filesystem::path& folder);

/// Whether a name is one of those files, or the index of them.
bool has_folder_tensors(const std::filesystem::path& folder);

/// Files that an index of the folder names and that are not there.
std::vector<std::string> missing_shards(const std::filesystem::path& folder);

}  // namespace foresee
