#pragma once

#include <cstdint>

#include "foresee/evaluate/quality/reading.h"

namespace foresee {

/// What a model makes of plans from starts whose recorded plan is known. All double, on the CPU.
struct PlanOutcomes {
  Tensor changes;       // [m, D]: last predictions of perturbed plans minus that of the recorded plan (Note [VIScore])
  Tensor preferred;     // [n]: 1 where the search's plan costs less than the recorded one
  Tensor elite_spread;  // [n]: standard deviation of the last elites' costs
  Tensor variation;     // [n]: standard deviation over mean of the costs of random plans
  Tensor cheaper;       // [n]: share of random plans that cost less than the recorded one
  Tensor swapped;       // [n]: distance of the last predictions by the recorded plan and by that of another start
};

/// How plans are drawn and searched for (Note [VIScore]): the published sizes.
struct PlanDraws {
  int64_t perturbed_starts = 32, perturbations = 64;
  int64_t samples = 128, iterations = 4, elites = 16;
  int64_t random_plans = 256;
};

/// @param reader  with the model's history. @param rows  last seen rows of the starts (clip_rows).
PlanOutcomes plan_outcomes(const WorldModel& model, const SequenceReader& reader, const SeenEpisodes& seen,
                           const Tensor& rows, int64_t horizon, uint64_t seed, const JobControl& control,
                           const PlanDraws& draws = {});

}  // namespace foresee
