#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace foresee::report {

/// The numbers along one axis of a chart.
struct Axis {
  double low = 0, high = 1;         // ends of the axis
  std::vector<double> ticks;        // inside [low, high], ascending
  std::vector<std::string> labels;  // one for each tick
};

/// Ticks at 1, 2 or 5 times a power of ten, about `count` of them.
/// @param widen  true: the ends move out to ticks; false: they stay at the data.
Axis make_axis(double low, double high, int64_t count, bool widen);

}  // namespace foresee::report
