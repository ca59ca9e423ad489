#include "tools/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "jepa/core/error.h"
#include "tools/report/axis.h"

namespace foresee::report {
namespace {

// User units of the SVG; at this size letters have their own 11 px on a phone.
constexpr double kWidth = 420, kHeight = 250, kLeft = 46, kRight = 10, kTop = 12, kBottom = 40;
constexpr size_t kMostPoints = 400, kMostMarkers = 32, kColours = 4;

/// Means over runs of `run` points: what a curve of 400 pixels can show.
Series averaged(const Series& series, size_t run) {
  Series out{.name = series.name, .faint = series.faint};
  for (size_t begin = 0; begin < series.x.size(); begin += run) {
    const size_t end = std::min(series.x.size(), begin + run);
    double x = 0, y = 0, count = 0;
    for (size_t i = begin; i < end; ++i) {
      x += series.x[i];
      if (std::isfinite(series.y[i])) y += series.y[i], ++count;
    }
    out.x.push_back(x / static_cast<double>(end - begin));
    out.y.push_back(count > 0 ? y / count : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

struct Bounds {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

/// Where values lie in the SVG.
struct Frame {
  Axis x, y;
  double across(double value) const { return kLeft + (value - x.low) / (x.high - x.low) * (kWidth - kLeft - kRight); }
  double down(double value) const {
    return kHeight - kBottom - (value - y.low) / (y.high - y.low) * (kHeight - kTop - kBottom);
  }
};

std::string draw_axes(const Frame& frame, const Chart& chart) {
  std::string out;
  for (size_t i = 0; i < frame.y.ticks.size(); ++i) {
    const double y = frame.down(frame.y.ticks[i]);
    out += fmt::format("<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", kLeft, kWidth - kRight,
                       y, y);
    out += fmt::format("<text class=\"tick\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", kLeft - 6, y + 3.5,
                       frame.y.labels[i]);
  }
  const double floor = kHeight - kBottom;
  out += fmt::format("<line class=\"axis\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>", kLeft, kWidth - kRight, floor,
                     floor);
  for (size_t i = 0; i < frame.x.ticks.size(); ++i) {
    const double x = frame.across(frame.x.ticks[i]);
    out +=
        fmt::format("<line class=\"axis\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/>", x, x, floor, floor + 4);
    out += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>", x, floor + 16,
                       frame.x.labels[i]);
  }
  out += fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                     (kLeft + kWidth - kRight) / 2, kHeight - 6, escape(chart.x_label));
  out += fmt::format(
      "<text class=\"label\" transform=\"translate(11 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
      (kTop + floor) / 2, escape(chart.y_label));
  return out;
}

std::string draw_baseline(const Frame& frame, const Level& level) {
  const double y = frame.down(level.y);
  const bool above = y > kTop + 16;
  return fmt::format(
      "<line class=\"base\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
      "<text class=\"baselabel\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
      kLeft, kWidth - kRight, y, y, kWidth - kRight - 2, above ? y - 5 : y + 13, escape(level.label));
}

/// A grey ground between two x, at least two units wide and inside of the axes.
std::string draw_shaded(const Frame& frame, const std::pair<double, double>& part) {
  const double left = std::clamp(frame.across(part.first) - 1, kLeft, kWidth - kRight);
  const double right = std::clamp(frame.across(part.second) + 1, kLeft, kWidth - kRight);
  return fmt::format(
      "<rect class=\"shaded\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"currentColor\" "
      "fill-opacity=\"0.1\"/>",
      left, kTop, right - left, kHeight - kTop - kBottom);
}

std::string draw_curve(const Frame& frame, const Series& series, size_t colour) {
  std::string path, markers;
  bool pen_down = false;
  const bool marked = !series.faint && series.x.size() <= kMostMarkers;
  for (size_t i = 0; i < series.x.size(); ++i) {
    if (!std::isfinite(series.y[i])) {
      pen_down = false;
      continue;
    }
    const double x = frame.across(series.x[i]), y = frame.down(series.y[i]);
    path += fmt::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", x, y);
    pen_down = true;
    if (marked)
      markers += fmt::format(
          "<circle class=\"s{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\"><title>{} at {}: {}</title></circle>", colour, x,
          y, escape(series.name), number_text(series.x[i]), number_text(series.y[i]));
  }
  return fmt::format("<path class=\"curve s{}{}\" d=\"{}\"/>{}", colour, series.faint ? " faint" : "", path, markers);
}

}  // namespace

Html draw(const Chart& chart) {
  std::vector<Series> curves;
  Bounds across, down;
  size_t longest_run = 1;
  for (const auto& series : chart.series) {
    FORESEE_CHECK(series.x.size() == series.y.size(), "expected as many x as y in '{}', got {} and {}", series.name,
                  series.x.size(), series.y.size());
    const size_t run = (series.x.size() + kMostPoints - 1) / kMostPoints;
    longest_run = std::max(longest_run, run);
    curves.push_back(run > 1 ? averaged(series, run) : series);
    for (size_t i = 0; i < curves.back().x.size(); ++i) {
      if (!std::isfinite(curves.back().y[i])) continue;
      across.add(curves.back().x[i]);
      down.add(curves.back().y[i]);
    }
  }
  std::string out = fmt::format("<figure class=\"chart\"><h3>{}</h3>\n", escape(chart.title));
  if (down.empty()) return {out + "<p class=\"note\">No value was recorded.</p></figure>\n"};
  if (chart.baseline) down.add(chart.baseline->y);
  if (across.low > 0 && across.low < 0.05 * across.high) across.low = 0;  // training rows begin at step 1 or 10

  // A curve and its pale twin (next to it) share a colour.
  std::vector<size_t> colours;
  for (size_t i = 0, next = 0; i < curves.size(); ++i) {
    colours.push_back(next % kColours);
    if (!curves[i].faint) ++next;
  }
  out += "<div class=\"legend\">";
  for (size_t i = 0; i < curves.size() && curves.size() > 1; ++i)  // the title names a single curve
    out += fmt::format("<span><i class=\"s{}{}\"></i>{}</span>", colours[i], curves[i].faint ? " faint" : "",
                       escape(curves[i].name));
  out += "</div>\n";

  const Frame frame{make_axis(across.low, across.high, 5, /*widen=*/false),
                    make_axis(down.low, down.high, 5, /*widen=*/true)};
  out +=
      fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", kWidth, kHeight, escape(chart.title));
  for (const auto& part : chart.shaded) out += draw_shaded(frame, part);
  out += draw_axes(frame, chart);
  if (chart.baseline) out += draw_baseline(frame, *chart.baseline);
  for (size_t i = 0; i < curves.size(); ++i) out += draw_curve(frame, curves[i], colours[i]);
  out += "</svg>\n";
  std::string caption = chart.caption;
  if (longest_run > 1)
    caption += fmt::format("{}Each point is the mean of {} rows.", caption.empty() ? "" : " ", longest_run);
  if (!caption.empty()) out += fmt::format("<figcaption>{}</figcaption>", escape(caption));
  return {out + "</figure>\n"};
}

Series running_mean(const Series& series, int64_t window, std::string name) {
  FORESEE_CHECK(window > 0, "expected a window of at least 1, got {}", window);
  Series out{.name = std::move(name), .x = series.x};
  for (size_t i = 0; i < series.y.size(); ++i) {
    double sum = 0, count = 0;
    for (size_t k = i + 1 - std::min(i + 1, static_cast<size_t>(window)); k <= i; ++k)
      if (std::isfinite(series.y[k])) sum += series.y[k], ++count;
    out.y.push_back(count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

}  // namespace foresee::report
