#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "jepa/io/pt_file.h"
#include "jepa/train/adamw.h"
#include "jepa/train/masked/step.h"

namespace foresee {

/// Where the run stood that wrote one of Meta's pretraining files. Absent: the file does not say.
struct OfficialProgress {
  std::optional<int64_t> epoch;  // finished epochs: the next step is epoch * steps_per_epoch + 1
  std::optional<double> loss, learning_rate;
  std::optional<int64_t> batch_size, world_size;
};
OfficialProgress official_progress(const PtFile& file);

/// The optimizer of one of Meta's files under the names of ours (AdamW::load_state): its state is numbered through the
/// parameter groups, which are made in the same order: encoder decayed, predictor decayed, encoder and predictor
/// without decay. Parameters that never had a gradient have no state.
/// @param groups  AdamW::groups() of a pretrainer of the same architecture.
/// @throws CheckpointError where the file has no optimizer, or one of another number of parameters.
TensorMap official_optimizer_state(const PtFile& file, const std::vector<ParameterGroup>& groups);

/// Makes `trainer` go on where Meta's trainer stopped: encoder, predictor, target encoder and optimizer. The gradient
/// scaler's state is not needed: nothing here is scaled.
/// @throws CheckpointError where the file is no pretraining file of this architecture.
OfficialProgress resume_official(const std::filesystem::path& path, MaskedPretrainer& trainer);

}  // namespace foresee
