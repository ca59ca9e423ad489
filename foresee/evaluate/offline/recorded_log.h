#pragma once

#include <cstdint>
#include <vector>

#include "foresee/train/recorded_sequences.h"

namespace foresee {

/// What was done in episodes: a row for each action block of the model, all episodes one after the other.
struct RecordedLog {
  std::vector<int64_t> episodes;  // in the data set, ascending
  std::vector<int64_t> first;     // row where each begins, and F behind the last
  Tensor blocks;                  // float [F, D], normalised; block r leads from row r to row r + 1
  Tensor usable;                  // bool [F]: the block is of finite numbers, and row r + 1 is of the same episode

  Tensor known() const { return blocks.index({usable}); }  // float [n, D], the usable blocks
  int64_t place(int64_t episode) const;                    // in `episodes`; -1: it is not there
};

/// The action blocks of an episode that leave rows first, first + reader.rows, ...
struct BlockRun {
  Tensor blocks;  // float [count, D], normalised; 0 where they are not finite
  Tensor finite;  // bool [count]
};
/// @pre the episode has a row first + count * reader.rows.
BlockRun recorded_blocks(const SequenceReader& reader, int64_t episode, int64_t first, int64_t count);

/// Reads no pictures. Episodes of fewer than two blocks are left out.
/// @throws DataError where no episode has a usable block.
RecordedLog recorded_log(const SequenceReader& reader, const std::vector<int64_t>& episodes);

/// The first rows of sequences of `horizon` usable blocks. @returns ascending.
std::vector<int64_t> sequence_rows(const RecordedLog& log, int64_t horizon);

/// How far actions lie from each other: the root mean square of their differences, each number in units of its own
/// deviation. Numbers that never change do not count. NaN where none changes.
/// @param a, b  float [..., D]. @param deviation  float [D]. @returns double [...].
Tensor action_distance(const Tensor& a, const Tensor& b, const Tensor& deviation);

}  // namespace foresee
