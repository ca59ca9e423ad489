#pragma once

#include <optional>

#include "jepa/model/vjepa2/files/weights.h"
#include "tools/cli/command.h"

namespace foresee::tools {

/// What `foresee train --family vjepa2_ac` is asked for.
struct AcTrainOptions {
  std::string preset = "vjepa2-ac";
  std::vector<std::string> data;  // episode files
  std::filesystem::path encoder;  // folder or file that read_vjepa2 takes
  Vjepa2ReadOptions read;         // what Meta's files do not say
  std::filesystem::path latents;  // folder of encoded frames; empty: RUN/latents
  std::optional<int64_t> steps, checkpoint_every;
};

/// Trains, or resumes. Prints the outcome as 'foresee train' does. @returns the exit code.
int train_action_predictor(const AcTrainOptions& options, const CommonOptions& common);

}  // namespace foresee::tools
