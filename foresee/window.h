#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "foresee/array.h"
#include "foresee/error.h"
#include "foresee/export.h"

namespace foresee {

/// Which rows around a row to read, as LeRobot's `delta_timestamps`.
struct WindowRequest {
  std::filesystem::path data{};  // a set of episodes, of any format
  std::string camera{};          // what becomes "pixels"; empty: the only one
  int64_t episode = 0;           // its place in the set, from 0
  int64_t row = 0;               // of the episode
  /// For each column, times relative to the row in seconds. Columns go by our name ("pixels", "action", "proprio") or
  /// by the set's own ("observation.images.top").
  std::map<std::string, std::vector<double>> deltas_s{};
  double fps = 0;             // rows per second; 0: what the set says
  double tolerance_s = 1e-4;  // how far a time may lie from a whole row
};

/// The rows of one column. One of the two arrays is filled.
struct WindowColumn {
  Array<double> numbers{};     // [n, ...]
  Array<uint8_t> pictures{};   // [n, 3, H, W], RGB
  std::vector<bool> is_pad{};  // [n]: the row lies outside the episode, and its first or last row stands for it
};

/// Reads rows around a row of an episode. Times become rows by rounding; rows outside the episode are its first or last
/// and marked. @returns the columns by the names of the request. @throws DataError for a time that is no whole row, a
/// column or an episode that is not there; Error where nothing says the rate.
FORESEE_API std::map<std::string, WindowColumn> read_window(const WindowRequest& request);

}  // namespace foresee
