#pragma once

#include <filesystem>

#include "jepa/core/api/read_options.h"
#include "jepa/io/model_folder.h"

namespace foresee {

/// Family in config.json.
inline constexpr const char* kLewmFamily = "lewm";

/// Whether a LeWM lies at a path: a folder of ours or a run of this family, a folder of stable-worldmodel, or a weight
/// file of one of those folders. Never throws for a path that is something else.
bool is_lewm(const std::filesystem::path& path);

/// Whether it is a folder of stable-worldmodel, or a file of one.
bool is_swm(const std::filesystem::path& path);

/// How pictures become the input of the LeWM at a path; its networks are not made. @throws CheckpointError.
PictureSpec lewm_pictures(const std::filesystem::path& path, const ReadOptions& options = {});

/// Reads a LeWM: ours, or stable-worldmodel's (config.json of its own form, which becomes `model` as it is; weights.pt;
/// actions.json and preprocess.json may lie beside). A folder with several files, as its trainer leaves it
/// (weights_epoch_1.pt, ...), is read by the path of one of them. Wrappings are taken off (Note [Wrappings]).
/// @throws CheckpointError as load_model_folder, and for a folder whose weights are not one file, naming them.
ModelFolder load_lewm_folder(const std::filesystem::path& path, const ReadOptions& options = {});

}  // namespace foresee
