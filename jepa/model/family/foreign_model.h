#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace foresee {

/// Why a folder or file that looks like weights is no model by itself: a LoRA adapter, a model of another library by
/// its class. Nothing where it is neither. Never throws.
std::optional<std::string> foreign_model(const std::filesystem::path& path);

/// @throws CheckpointError with that.
void refuse_foreign_model(const std::filesystem::path& path);

}  // namespace foresee
