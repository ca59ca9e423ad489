#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/episode/source.h"

namespace foresee::data {

/// What to read around a row: for each column, times relative to it in seconds.
using DeltaTimestamps = std::map<std::string, std::vector<double>>;

/// Reads rows around a row as LeRobot's `delta_timestamps` do (LeRobotDataset._get_query_indices): a time becomes
/// round(time * rate) rows; rows before the episode's first or behind its last are the first or the last, and marked.
/// @param fps  rows a second; 0: what the source says. @param tolerance_s  how far a time may lie from a whole row.
/// @returns NAME [n, ...] (pictures uint8 [n, 3, H, W]) and NAME_is_pad bool [n] for every column.
/// @throws DataError when a time is no whole row, naming it; Error when nothing says the rate.
TensorMap read_window(const EpisodeSource& source, int64_t episode, int64_t row, const DeltaTimestamps& deltas_s,
                      double fps = 0, double tolerance_s = 1e-4);

}  // namespace foresee::data
