#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee::data {

/// One column of a set of episodes.
struct ColumnInfo {
  std::string name;
  at::ScalarType dtype;
  std::vector<int64_t> shape;        // of one row
  std::string origin{};              // what its set calls it, where that is another name: "observation.images.top"
  std::vector<std::string> parts{};  // names of a row's numbers, where the set has some: "shoulder", "elbow"

  int64_t numbers() const;  // in one row
  /// uint8 [H, W, 3] a row.
  bool picture() const { return dtype == at::kByte && shape.size() == 3 && shape[2] == 3; }
};

/// A part of a set that is not used.
struct LeftOut {
  std::string what;    // "episode 3", or a file
  std::string reason;  // with the file and the numbers
};
/// "episode 1 (REASON); episode 2 (REASON); and 7 more".
std::string named(std::span<const LeftOut> parts);

/// A column that is there and cannot be read.
struct UnreadColumn {
  std::string name, reason;
};

/// One recorded episode of T rows; a row is what was seen and the action that leaves it.
struct Episode {
  uint64_t id = 0;    // number of the episode in its collection
  Tensor frames;      // uint8 [T, H, W, 3], RGB
  TensorMap columns;  // [T, ...] each: "action" float [T, A] (last row NaN), "state", "proprio", ...
  std::string task;   // what was to be done, in words; empty: not said

  int64_t length() const { return frames.size(0); }
};

}  // namespace foresee::data
