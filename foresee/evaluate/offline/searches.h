#pragma once

#include "foresee/evaluate/offline/outcomes.h"

namespace foresee {

/// What the searches and roll-outs from P starts gave. On the CPU.
struct OfflineSearches {
  Tensor rank_drawn, rank_recorded;  // double [P, H], as OfflineOutcomes
  Tensor done;                       // float [P, D], the recorded first block
  Tensor planned;                    // float [P, H, D], first block of the plan for each horizon
  Tensor present, ends, imagined;    // float [P, F], [P, H, F], [P, H, F]: encodings of the pictures, roll-outs of the
                                     // recorded blocks
};

/// Searches to the recorded picture 1 .. H blocks later, and rolls the recorded blocks out.
OfflineSearches search_to_recorded(const WorldModel& model, const SequenceReader& reader, const RecordedLog& log,
                                   const OfflineStarts& starts, const OfflineConfig& config, uint64_t seed,
                                   const JobControl& control);

}  // namespace foresee
