#pragma once

#include "data/episode/dataset.h"
#include "jepa/train/lewm_recipe.h"

namespace foresee::tools {

/// Clips of an episode set as LeWM trains on them: actions normalised by the set's own statistics, NaN -> 0, shuffled
/// by (seed, step), read ahead; and held-out sequences of history + held_out_horizon frames, evenly spread. The probe's
/// target is the first two numbers of the column "state" (else "proprio"): the agent's position.
/// @param dataset  outlives the result. @param size  pixels of the model's pictures.
/// @throws DataError when the pictures are of another size or no episode is long enough.
LewmTrainData lewm_train_data(const data::EpisodeDataset& dataset, const LewmRecipe& recipe, uint64_t seed);

}  // namespace foresee::tools
