#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "foresee/evaluate/surprise/pair_sets.h"

namespace foresee {

/// One line of a list of pairs.
struct ListedPair {
  std::filesystem::path possible, impossible;  // videos, or folders of pictures
  std::string kind = "pair";
  int64_t line = 0;  // counted from 1
};

/// Reads a list: POSSIBLE IMPOSSIBLE [KIND] in each line, with blanks between and quotes around paths that hold some.
/// Relative paths count from the list. Empty lines and those that begin with # are passed over.
/// @throws DataError for a file that cannot be read or holds no pair, and, with the line, for another number of words
/// and a path that does not exist.
std::vector<ListedPair> read_pair_list(const std::filesystem::path& list);

/// The pairs of a list by their kinds, in the order in which these first appear. Clips are read when they are asked
/// for, and then @throws DataError with the line: for a file that cannot be read, for lengths of a pair that differ,
/// for a clip shorter than the witness's window.
///
/// Of a video every so many frames are taken that they come at the rate of the pictures' spec, else at 12 per second;
/// the pictures of a folder are taken one by one, in the order of their numbers: a folder says no rate.
/// @param pictures  how pictures become input.
std::vector<PairSet> listed_pairs(const std::filesystem::path& list, const PictureSpec& pictures,
                                  const planner::Witness& witness);

}  // namespace foresee
