#pragma once

#include "foresee/evaluate/offline/searches.h"

namespace foresee {

/// What was done at the row of another episode of the log that looks most like a start: the row r whose encoding is
/// nearest to the present's and that of row r + h nearest to the recorded end's, squared distances added.
/// @returns float [P, H, D]; NaN where no other episode has such rows. @throws Interrupted.
Tensor neighbours_blocks(const WorldModel& model, const SequenceReader& reader, const RecordedLog& log,
                         const OfflineStarts& starts, const OfflineSearches& found, const JobControl& control);

/// The block that was done before the present. @returns float [P, D].
Tensor last_blocks(const SequenceReader& reader, const OfflineStarts& starts);

/// Whether an encoding is nearest to its own start's recorded end among those of all starts; a tie counts its share. A
/// start's own present is no choice of it. @param encodings, ends  float [P, F]. @param horizon  blocks to the ends.
/// @returns double [P].
Tensor finds_own_end(const Tensor& encodings, const Tensor& ends, const OfflineStarts& starts, int64_t block,
                     int64_t horizon);
/// Mean share of one among the choices.
double chance_to_find(const OfflineStarts& starts, int64_t block, int64_t horizon);

}  // namespace foresee
