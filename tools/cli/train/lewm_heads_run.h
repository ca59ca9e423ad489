#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/cli/command.h"

namespace foresee::tools {

/// What `foresee train --family lewm_heads` is asked for.
struct LewmHeadsOptions {
  std::vector<std::string> data;  // episode files
  std::filesystem::path init;     // the LeWM that gets heads; empty: config key init
  std::optional<int64_t> steps, checkpoint_every;
};

/// Fits heads to a LeWM that stays as it is (Note [Heads of LeWM]), or resumes. Prints the outcome as 'foresee train'
/// does. @returns the exit code.
int train_lewm_heads(const LewmHeadsOptions& options, const CommonOptions& common);

}  // namespace foresee::tools
