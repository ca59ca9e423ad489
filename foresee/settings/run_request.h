#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "foresee/settings.h"

namespace foresee {

/// Holds the members that every request of a training run has against their rules. @throws RequestError.
/// @param out  the run folder. @param steps, checkpoint_every  nothing: as the settings say.
void check_run_request(const JobOptions& options, const std::filesystem::path& out, std::optional<int64_t> steps,
                       std::optional<int64_t> checkpoint_every);

}  // namespace foresee
