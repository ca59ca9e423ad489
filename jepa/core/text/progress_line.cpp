#include "jepa/core/text/progress_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "jepa/core/text/duration.h"
#include "jepa/core/text/printable.h"

namespace foresee {
namespace {

constexpr double kRateWindow_s = 30.0;
constexpr int kLongestBar = 24, kShortestBar = 6;

std::string bar_text(const ProgressUpdate& update, int cells) {
  const double fraction =
      update.total > 0 ? std::clamp(static_cast<double>(update.done) / static_cast<double>(update.total), 0.0, 1.0)
                       : 0.0;
  const auto filled = static_cast<size_t>(fraction * cells);
  return "[" + std::string(filled, '=') + std::string(static_cast<size_t>(cells) - filled, ' ') + "] ";
}

}  // namespace

void RecentRate::add(double seconds, int64_t done) {
  // Points lie at least a fiftieth of the window apart, so that few are kept; the last one is always the newest.
  if (seen_.size() >= 2 && seconds - seen_[seen_.size() - 2].first < kRateWindow_s / 50) seen_.pop_back();
  seen_.emplace_back(seconds, done);
  while (seen_.size() > 2 && seconds - seen_[1].first >= kRateWindow_s) seen_.pop_front();
}

double RecentRate::per_second() const {
  if (seen_.size() < 2) return 0;
  const double seconds = seen_.back().first - seen_.front().first;
  const auto done = static_cast<double>(seen_.back().second - seen_.front().second);
  return seconds > 0 ? done / seconds : 0;
}

std::string progress_line(const ProgressUpdate& update, double seconds, double rate, int width) {
  std::string time = "ETA ?";
  if (update.finished)
    time = "in " + duration_text(seconds);
  else if (rate > 0 && update.total > 0)
    time = "ETA " + duration_text(static_cast<double>(update.total - update.done) / rate);
  const std::string count = update.total > 0 ? fmt::format("{}/{} {}", update.done, update.total, update.unit)
                                             : fmt::format("{} {}", update.done, update.unit);
  const std::string front = printable(update.label) + " ";
  std::string rest = fmt::format("{}, {:.3g}/s, {}", count, rate, time);
  const std::string note = update.note.empty() ? "" : ", " + printable(update.note);
  if (width <= 0) return front + rest + note;

  const auto fits = [&](size_t more) { return front.size() + rest.size() + more < static_cast<size_t>(width); };
  if (fits(note.size())) rest += note;
  const int room = width - 1 - static_cast<int>(front.size() + rest.size()) - 3;  // 3: brackets and a space
  const std::string bar =
      update.total > 0 && room >= kShortestBar ? bar_text(update, std::min(room, kLongestBar)) : std::string();
  std::string line = front + bar + rest;
  if (line.size() >= static_cast<size_t>(width)) line.resize(static_cast<size_t>(std::max(width - 1, 1)));
  return line;
}

}  // namespace foresee
