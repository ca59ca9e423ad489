#pragma once

#include <cstdint>
#include <vector>

#include "data/episode/dataset.h"
#include "foresee/train/recorded_sequences.h"

namespace foresee {

/// Recorded sequences that a model is judged on: P presents, with `lead` pictures before them counted with it.
struct OfflineStarts {
  std::vector<data::EpisodeClip> clips;  // [P], by episode; each begins with the first picture of the model's history
  int64_t history = 1;                   // pictures, one block apart; the last one is the present
  int64_t horizon = 1;                   // blocks that follow in every one

  int64_t count() const { return static_cast<int64_t>(clips.size()); }
  /// The row of a start's present in its episode.
  int64_t present(int64_t start, int64_t block) const;
};

/// `most` of the episodes, drawn, in order.
std::vector<int64_t> drawn_episodes(std::vector<int64_t> episodes, int64_t most, uint64_t seed);

/// Draws starts: as many of each episode, at most `most` in all, none with a row of NaN. Each has an action block
/// before its present. The horizon is the longest up to `horizon` for which half of the episodes that are long enough
/// for one block have a start. @throws DataError where no episode is long enough.
OfflineStarts draw_starts(const SequenceReader& reader, const std::vector<int64_t>& episodes, int64_t history,
                          int64_t horizon, int64_t most, uint64_t seed);

}  // namespace foresee
