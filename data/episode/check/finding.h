#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace foresee::data {

/// One thing that is wrong with a set of episodes.
struct Finding {
  std::string kind;            // one of finding_kinds()
  std::string set;             // path
  std::string episode;         // as SourceInfo::names; empty: of the whole set
  std::string column;          // empty: none
  std::optional<int64_t> row;  // of the episode, the first that is concerned
  int64_t count = 1;           // rows, or episodes, that are concerned
  std::string text;            // one sentence with the numbers
  bool certain = false;        // the numbers cannot be what they are read as: a training ends here
};

/// left_out, damaged, unread, rows_outside, same_id, nan, infinity, outlier, constant, duplicate; of units:
/// millimetres, degrees, gripper, quaternion, state_size, angle_wraps, normalised, scales_differ, action_units.
const std::vector<std::string>& finding_kinds();

}  // namespace foresee::data
