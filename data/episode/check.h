#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/episode/source.h"

namespace foresee::data {

/// One thing that is wrong with a set of episodes.
struct Finding {
  /// left_out, rows_outside, same_id, nan, infinity, outlier, constant, duplicate; unreadable: of a whole set.
  std::string kind;
  std::string set;             // path
  std::string episode;         // as SourceInfo::names; empty: of the whole set
  std::string column;          // empty: none
  std::optional<int64_t> row;  // of the episode, the first that is concerned
  int64_t count = 1;           // rows, or episodes, that are concerned
  std::string text;            // one sentence with the numbers
};

/// Looks for what an opened set has wrong: what was left out, episodes with the same id, NaN (but in the last row of an
/// episode, which no action leaves), infinity, values far outside of all others, actions and states that never change,
/// and episodes that are there twice. Pictures are not decoded, but for two of episodes whose numbers agree.
std::vector<Finding> check_source(const EpisodeSource& source);
/// The same of several sets, and episodes that are in two of them.
std::vector<Finding> check_sources(std::span<const EpisodeSource* const> sources);

}  // namespace foresee::data
