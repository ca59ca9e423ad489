#pragma once

#include <filesystem>

#include "data/episode/dataset.h"
#include "foresee/train/recorded_sequences.h"
#include "jepa/core/api/job.h"
#include "jepa/model/vjepa2_ac/world_model.h"
#include "jepa/train/action_predictor/task.h"

namespace foresee {

/// What an action predictor learns from.
struct AcSource {
  const data::EpisodeDataset* dataset = nullptr;  // outlives the result
  std::string identity;                           // of its files, for the latents
  std::filesystem::path latents;                  // folder
  std::string encoder{};                          // as ModelFolder::encoder
};

/// A model for the data: sizes of actions and states, statistics of states; the predictor is not initialised.
/// @param encoder  frozen, with its config. @throws DataError where the log has not the columns that the recipe asks
/// for.
Vjepa2Ac ac_model(const data::EpisodeDataset& dataset, const AcRecipe& recipe, std::shared_ptr<VideoEncoder> encoder);

/// Clips of an episode set as the action predictor trains on them: latents from the cache (made when absent), actions
/// and states as the recipe says, shuffled by (seed, step); and held-out sequences, evenly spread.
/// @param control  of the encoding. @throws DataError where no episode is long enough.
AcTrainData ac_train_data(const AcSource& source, const AcRecipe& recipe, const Vjepa2Ac& model,
                          const Preprocess& preprocess, uint64_t seed, const JobControl& control = {});

/// Sequences of these episodes, from the latents. @param model  trained on them; outlives the result.
SequenceReader ac_sequences(const AcSource& source, const AcRecipe& recipe, const Vjepa2AcWorldModel& model);

/// What the recipe takes the states of a log for.
data::StateReading state_reading(const AcRecipe& recipe);

/// What latents of these episodes are known by, wherever the sets lie: the sets' contents, the cameras, how pictures
/// are brought to the model's size, and which episodes are used.
std::string episodes_identity(const std::vector<std::filesystem::path>& paths, const data::EpisodeDataset& dataset,
                              const AcRecipe& recipe, const Preprocess& preprocess);

}  // namespace foresee
