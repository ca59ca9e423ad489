#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/report/html.h"

namespace foresee::report {

/// One curve. A y that is not finite is a gap.
struct Series {
  std::string name;
  std::vector<double> x, y;  // x ascending, as many as y
  bool faint = false;        // drawn thin and pale, in the colour of the curve behind it: raw values under their mean
};

/// A line that a curve is to be read against.
struct Level {
  double y = 0;
  std::string label;
};

/// A picture of curves over a common x.
struct Chart {
  std::string title, x_label, y_label;
  std::vector<Series> series;
  std::optional<Level> baseline;
  std::vector<std::pair<double, double>>
      shaded{};  // parts of x with a grey ground; what they mean stands in the caption
  std::string caption;
};

/// Draws the chart as inline SVG: axes, ticks, labels, legend. Long curves are averaged in runs of equal length, and
/// the caption says so. A chart without a finite value says that instead.
/// @throws Error when x and y of a series differ in length.
Html draw(const Chart& chart);

/// Mean of the `window` values that end at each point (fewer at the start); gaps are left out.
Series running_mean(const Series& series, int64_t window, std::string name);

}  // namespace foresee::report
