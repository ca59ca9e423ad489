#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "data/episode/dataset.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// What a model makes of recorded sequences, at most 64, evenly spread: what a plan is judged by.
struct RecordedSequences {
  Tensor recorded, nothing;  // double [n], costs of what was done and of nothing, toward where it led
  Tensor goals;              // float [m, F], encodings of recorded goals
  Tensor episodes;           // int64 [m], of the goals
};

/// @param horizon  blocks of a sequence. @returns nothing where no episode of the split is long enough.
/// @throws DataError for episodes without the state that the model takes.
std::optional<RecordedSequences> recorded_sequences(const WorldModel& model, const data::EpisodeDataset& dataset,
                                                    data::Split split, int64_t horizon, Objective objective);

// Note [Costs of training]
// training_costs.json of a model folder lets a plan be judged without the episodes that the model was trained on:
//   {"objective": "latent",
//    "horizons": {"1": {"recorded": [n], "nothing": [n], "episodes": [n], "goals": [n][F]}, ...}}
// It holds sequences of the training episodes, of 1 to 8 blocks; the goals' encodings stand at the first alone.

inline constexpr const char* kTrainingCostsFile = "training_costs.json";

/// Writes it beside a model that was just trained. Writes nothing where no episode is long enough, or where costs are
/// not finite. @throws Error when it cannot be written.
void write_training_costs(const std::filesystem::path& folder, const WorldModel& model,
                          const data::EpisodeDataset& dataset);

/// Reads it. @param horizon  blocks of the plan. @returns nothing where the folder has no such file, or none of this
/// horizon or objective. @throws CheckpointError for a damaged one.
std::optional<RecordedSequences> read_training_costs(const std::filesystem::path& folder, int64_t horizon,
                                                     Objective objective);

}  // namespace foresee
