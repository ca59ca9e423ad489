#pragma once

#include "data/episode/dataset.h"
#include "foresee/evaluate.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// What a LeWM predicts of held-out episodes and what probes read from it (evaluate_lewm), put into the result. Other
/// families leave it as it is; a set without held-out episodes leaves a remark.
/// @throws DataError where no held-out episode is long enough; Interrupted.
void add_lewm_prediction(OfflineEvaluation& result, const WorldModel& model, const data::EpisodeDataset& dataset,
                         uint64_t seed, const JobControl& control);

}  // namespace foresee
