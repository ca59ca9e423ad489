#pragma once

#include <cstdint>
#include <vector>

#include "foresee/evaluate/offline/recorded_log.h"
#include "foresee/evaluate/offline/starts.h"
#include "foresee/evaluate/offline/task.h"
#include "jepa/core/api/job.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// How far first blocks are from the recorded one (action_distance).
struct FirstBlockDistances {
  Tensor planner, nearest_neighbour;  // double [P, H]
  Tensor copy_last, mean;             // double [P, 1]: no goal moves them
};

/// What a model made of P starts, for sequences of h = 1 .. H blocks. All double [P, H] on the CPU, column h - 1 of h
/// blocks; NaN where the log cannot say.
struct OfflineOutcomes {
  Tensor rank_drawn, rank_recorded;  // share of candidates that cost more than the recorded blocks, ties by half: of
                                     // those that a search draws first, and of other recorded sequences
  FirstBlockDistances blocks;        // of all numbers of the block
  FirstBlockDistances block_means;   // of the block's mean action, which is most of what pictures show; undefined for
                                     // blocks of one action
  Tensor retrieved, unchanged;  // 1 where the imagined end, or the present, is nearest to the recorded end; ties share
  Tensor chance;                // [H], of that
};

/// @param reader  with the history of the starts. @param log  of the starts' episodes and others.
/// @throws Interrupted; planner::NotFinite where costs are not finite.
OfflineOutcomes offline_outcomes(const WorldModel& model, const SequenceReader& reader, const RecordedLog& log,
                                 const OfflineStarts& starts, const OfflineConfig& config, uint64_t seed,
                                 const JobControl& control);

}  // namespace foresee
