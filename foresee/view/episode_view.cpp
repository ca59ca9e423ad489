#include "foresee/view/episode_view.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "foresee/view/canvas.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr int kCurves = 56, kMargin = 4, kText = 14;  // pixels
constexpr int64_t kMostCurves = 8;
const cv::Scalar kPaper(255, 255, 255), kInk(40, 40, 40), kFaint(225, 225, 225);
// Okabe and Ito's palette, told apart also without red or green; RGB.
const cv::Scalar kColours[] = {{0, 114, 178}, {213, 94, 0},   {0, 158, 115},   {204, 121, 167},
                               {230, 159, 0}, {86, 180, 233}, {110, 110, 110}, {0, 0, 0}};

/// double [T, D] of a column, at most kMostCurves numbers; undefined where there is none.
Tensor curves_of(const data::Episode& episode, const std::string& name) {
  const auto found = episode.columns.find(name);
  if (found == episode.columns.end()) return {};
  Tensor values = found->second.to(at::kDouble).reshape({found->second.size(0), -1});
  return values.slice(1, 0, std::min(values.size(1), kMostCurves));
}

const char* state_column(const data::Episode& episode) {
  return episode.columns.contains("state") ? "state" : "proprio";
}

/// Draws a column's numbers over time into a box, each scaled to its own range.
void draw_curves(cv::Mat& canvas, const cv::Rect& box, const data::Episode& episode, const std::string& name,
                 int64_t cursor = -1) {
  cv::rectangle(canvas, box, kFaint);
  const Tensor values = curves_of(episode, name);
  if (!values.defined()) return draw_text(canvas, "no " + name, box.x + kMargin, box.y + kText);
  const int64_t length = values.size(0);
  const auto x_of = [&](int64_t t) {
    return box.x + static_cast<int>(std::lround(static_cast<double>(t) * (box.width - 1) /
                                                std::max<double>(1, static_cast<double>(length - 1))));
  };
  const auto at = values.accessor<double, 2>();
  for (int64_t d = 0; d < values.size(1); ++d) {
    double low = INFINITY, high = -INFINITY;
    for (int64_t t = 0; t < length; ++t)
      if (std::isfinite(at[t][d])) low = std::min(low, at[t][d]), high = std::max(high, at[t][d]);
    std::vector<cv::Point> line;
    for (int64_t t = 0; t < length; ++t) {
      if (!std::isfinite(at[t][d])) continue;
      const double share = high > low ? (at[t][d] - low) / (high - low) : 0.5;
      line.emplace_back(x_of(t), box.y + box.height - 3 - static_cast<int>(std::lround(share * (box.height - 6))));
    }
    if (line.size() > 1) cv::polylines(canvas, line, /*isClosed=*/false, kColours[d], 1, cv::LINE_AA);
  }
  if (cursor >= 0) cv::line(canvas, {x_of(cursor), box.y}, {x_of(cursor), box.y + box.height - 1}, kInk);
  draw_text(canvas, name, box.x + kMargin, box.y + kText);
}

std::string numbers_text(const data::Episode& episode, const std::string& name, int64_t row) {
  const Tensor values = curves_of(episode, name);
  if (!values.defined()) return "";
  std::string out = name;
  for (int64_t d = 0; d < values.size(1); ++d) out += fmt::format(" {:.3g}", values[row][d].item<double>());
  return out;
}

}  // namespace

Tensor contact_sheet(const std::vector<data::Episode>& episodes, const ViewOptions& options) {
  FORESEE_CHECK(!episodes.empty() && options.columns >= 1 && options.picture >= 16,
                "expected episodes, at least one column and 16 pixels, got {}, {} and {}", episodes.size(),
                options.columns, options.picture);
  const int height = static_cast<int>(options.picture);
  const int cell = scaled_picture(episodes.front().frames[0], height).cols + kMargin;
  const int columns = static_cast<int>(options.columns);
  const int width = std::max(columns * cell + kMargin, 320),
            line = kText + height + 2 * (kCurves + kMargin) + 3 * kMargin;
  cv::Mat canvas(static_cast<int>(episodes.size()) * line + kMargin, width, CV_8UC3, kPaper);
  for (size_t e = 0; e < episodes.size(); ++e) {
    const data::Episode& episode = episodes[e];
    int y = static_cast<int>(e) * line + kMargin;
    std::string title = fmt::format("episode {}, {} rows, {} x {} px", episode.id, episode.length(),
                                    episode.frames.size(2), episode.frames.size(1));
    if (!episode.task.empty()) title += ": " + episode.task;
    draw_text(canvas, title, kMargin, y + kText - 3);
    y += kText;
    for (int c = 0; c < columns; ++c) {
      const int64_t row = columns == 1 ? 0 : c * (episode.length() - 1) / (columns - 1);
      const cv::Mat picture = scaled_picture(episode.frames[row], height);
      const int wide = std::min(picture.cols, width - kMargin - c * cell);
      if (wide <= 0) break;
      picture(cv::Rect(0, 0, wide, height)).copyTo(canvas(cv::Rect(kMargin + c * cell, y, wide, height)));
      draw_text(canvas, std::to_string(row), kMargin + c * cell + 2, y + height - 4, {255, 0, 120});
    }
    y += height + kMargin;
    draw_curves(canvas, {kMargin, y, width - 2 * kMargin, kCurves}, episode, "action");
    draw_curves(canvas, {kMargin, y + kCurves + kMargin, width - 2 * kMargin, kCurves}, episode, state_column(episode));
  }
  return picture_of(canvas);
}

Tensor view_frames(const data::Episode& episode, int64_t height) {
  FORESEE_CHECK(episode.length() > 0 && height >= 16, "expected an episode and 16 pixels, got {} rows and {}",
                episode.length(), height);
  const cv::Mat first = scaled_picture(episode.frames[0], static_cast<int>(height));
  const int width = (std::max(first.cols, 320) + 1) / 2 * 2;
  const int tall = (first.rows + 2 * (kCurves + kMargin) + 2 * kText + 2 * kMargin + 1) / 2 * 2;
  std::vector<Tensor> frames;
  for (int64_t row = 0; row < episode.length(); ++row) {
    cv::Mat canvas(tall, width, CV_8UC3, kPaper);
    const cv::Mat picture = scaled_picture(episode.frames[row], static_cast<int>(height));
    picture.copyTo(canvas(cv::Rect((width - picture.cols) / 2, 0, picture.cols, picture.rows)));
    int y = picture.rows + kMargin;
    for (const std::string& name : {std::string("action"), std::string(state_column(episode))}) {
      draw_curves(canvas, {0, y, width, kCurves}, episode, name, row);
      y += kCurves + kMargin;
      draw_text(canvas, fmt::format("{:4} {}", row, numbers_text(episode, name, row)), kMargin, y + kText - 4);
      y += kText;
    }
    frames.push_back(picture_of(canvas));
  }
  return at::stack(frames);
}

}  // namespace foresee
