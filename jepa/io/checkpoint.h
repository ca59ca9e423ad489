#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jepa/io/manifest.h"

namespace foresee {

// Note [Checkpoints]
// A run keeps its checkpoints as RUN/checkpoints/step-N, N optimizer steps done. Each is written under a name with a
// dot in front and renamed when complete, so a folder called step-N is complete. RUN/latest holds the text "step-N".

/// RUN/checkpoints/step-N.
std::filesystem::path checkpoint_folder(const std::filesystem::path& run, int64_t step);

/// The N of "step-N"; nothing for any other text.
std::optional<int64_t> parse_checkpoint_name(std::string_view name);

/// Steps of a run's complete checkpoints, ascending.
std::vector<int64_t> checkpoint_steps(const std::filesystem::path& run);

/// The step that RUN/latest names; where it is missing or names no checkpoint, the newest one; nothing where there is
/// none.
std::optional<int64_t> latest_checkpoint_step(const std::filesystem::path& run);

/// The same, of checkpoints that are as they were written (Note [Manifests]): from the one that RUN/latest names back
/// through the earlier ones. A line names each that is damaged. @param run_name  that of their manifests; empty: any.
/// @throws CheckpointError where all of them are damaged.
std::optional<int64_t> sound_checkpoint_step(const std::filesystem::path& run, ManifestScope scope,
                                             const std::string& run_name = "");

}  // namespace foresee
