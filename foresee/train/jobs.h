#pragma once

#include "foresee/train/trainers.h"

namespace foresee {

/// What the rows of trainers() call: each resolves its recipe, reads its data and trains, or resumes.
TrainResult train_lewm(const TrainJob& job);
TrainResult train_lewm_heads(const TrainJob& job);
TrainResult train_action_predictor(const TrainJob& job);
TrainResult train_probe(const TrainJob& job);

}  // namespace foresee
