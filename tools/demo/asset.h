#pragma once

#include <filesystem>
#include <optional>

namespace foresee::tools {

/// A file or folder that comes with the source tree, by its path there ("tools/assets/two_room").
/// Looked for under $FORESEE_HOME, in share/foresee of an installed program, in the source tree that the program was
/// built from, and in the folders above the program.
std::optional<std::filesystem::path> find_asset(const std::filesystem::path& relative);

/// The world model of Two-Room that comes with the program. @throws Error that says where it was looked for.
std::filesystem::path shipped_two_room_model();

/// The run of pretraining that comes with the program, to go on from: a checkpoint folder with predictor, target
/// encoder and optimizer (PretrainTask::begin_with). Nothing where none was put there.
std::optional<std::filesystem::path> shipped_encoder();

/// The folder of sample clips that the set-up fetched. @throws Error that says how to get them or use others.
std::filesystem::path sample_clips();

}  // namespace foresee::tools
