#pragma once

#include <filesystem>

#include "jepa/io/model_folder.h"

namespace foresee {

/// Family in config.json.
inline constexpr const char* kLewmFamily = "lewm";

/// Whether a LeWM lies at a path: a folder of ours or a run of this family, or a folder of stable-worldmodel.
/// Never throws for a path that is something else.
bool is_lewm(const std::filesystem::path& path);

/// Whether it is a folder of stable-worldmodel.
bool is_swm(const std::filesystem::path& path);

/// How pictures become the input of the LeWM at a path; its weights are not read. @throws CheckpointError.
PictureSpec lewm_pictures(const std::filesystem::path& path);

/// Reads a LeWM: ours, or stable-worldmodel's (config.json of its own form, which becomes `model` as it is; weights.pt;
/// actions.json and preprocess.json may lie beside). @throws CheckpointError as load_model_folder.
ModelFolder load_lewm_folder(const std::filesystem::path& path);

}  // namespace foresee
