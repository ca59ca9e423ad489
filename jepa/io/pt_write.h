#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee {

/// What one key of a checkpoint holds: a state dict, a list of them, or a number.
using PtItem = std::variant<TensorMap, std::vector<TensorMap>, int64_t, double>;

/// Writes what torch.save of such a dict would: torch.load(weights_only=True) reads it. Tensors that share their memory
/// are stored once. Atomic (beside and renamed). @throws CheckpointError on a full disk.
void save_pt(const std::filesystem::path& path, const std::vector<std::pair<std::string, PtItem>>& items);
/// The same for one state dict.
void save_pt(const std::filesystem::path& path, const TensorMap& state_dict);

}  // namespace foresee
