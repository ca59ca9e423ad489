#include "tools/report/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "jepa/core/error.h"

namespace foresee::report {
namespace {

/// The label of a tick, with as many decimals as the distance of the ticks asks for; thousands as "k".
std::string tick_label(double value, double step) {
  const bool thousands = step >= 500 && std::abs(value) >= 1000;
  if (thousands) value /= 1000, step /= 1000;
  const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 12);
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find_first_not_of("-0.") == std::string::npos) text = fmt::format("{:.{}f}", 0.0, decimals);
  return thousands ? text + "k" : text;
}

}  // namespace

Axis make_axis(double low, double high, int64_t count, bool widen) {
  FORESEE_CHECK(std::isfinite(low) && std::isfinite(high) && low <= high && count > 0,
                "expected finite low <= high and count > 0, got {}, {}, {}", low, high, count);
  if (high - low <= 1e-12 * std::max({std::abs(low), std::abs(high), 1e-12})) {  // one value: room on both sides
    const double room = low == 0 ? 1 : 0.1 * std::abs(low);
    low -= room;
    high += room;
  }
  const double rough = (high - low) / static_cast<double>(count);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double step = power * (rough / power <= 1.0 ? 1 : rough / power <= 2.0 ? 2 : rough / power <= 5.0 ? 5 : 10);
  Axis axis{.low = low, .high = high};
  double first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
  if (widen) {
    first = std::floor(low / step + 1e-9);
    last = std::ceil(high / step - 1e-9);
    axis.low = first * step;
    axis.high = last * step;
  }
  for (double i = first; i <= last; ++i) {
    axis.ticks.push_back(i * step);
    axis.labels.push_back(tick_label(i * step, step));
  }
  return axis;
}

}  // namespace foresee::report
