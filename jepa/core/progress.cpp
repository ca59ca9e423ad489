#include "jepa/core/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace foresee {
namespace {
constexpr int kBarWidth = 24;
constexpr double kTerminalInterval_s = 0.1, kLogInterval_s = 10.0;
}  // namespace

std::string duration_text(double seconds) {
  const int64_t whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

Progress::Progress(std::string label, int64_t total, std::string unit, int64_t start)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      start_(start),
      done_(start),
      terminal_(::isatty(STDERR_FILENO) == 1),
      begin_(Clock::now()),
      shown_(begin_) {}

Progress::~Progress() {
  if (!finished_ && terminal_) std::fputc('\n', stderr);
}

void Progress::update(int64_t done, const std::string& note) {
  done_ = done;
  note_ = note;
  const double since = std::chrono::duration<double>(Clock::now() - shown_).count();
  if (since >= (terminal_ ? kTerminalInterval_s : kLogInterval_s)) draw(/*last=*/false);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  draw(/*last=*/true);
}

void Progress::draw(bool last) {
  shown_ = Clock::now();
  const double seconds = std::max(1e-9, std::chrono::duration<double>(shown_ - begin_).count());
  const double rate = static_cast<double>(done_ - start_) / seconds;
  const double fraction =
      total_ > 0 ? std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0) : 1;
  const std::string time = last         ? "in " + duration_text(seconds)
                           : rate > 0.0 ? "ETA " + duration_text(static_cast<double>(total_ - done_) / rate)
                                        : "ETA ?";
  std::string bar;
  if (terminal_) {
    const int filled = static_cast<int>(fraction * kBarWidth);
    bar = fmt::format("[{}{}] ", std::string(static_cast<size_t>(filled), '='),
                      std::string(static_cast<size_t>(kBarWidth - filled), ' '));
  }
  const std::string text = fmt::format("{} {}{}/{} {}, {:.3g}/s, {}{}{}", label_, bar, done_, total_, unit_, rate, time,
                                       note_.empty() ? "" : ", ", note_);
  // \033[K clears what a longer line left behind.
  std::fprintf(stderr, "%s%s%s", terminal_ ? "\r" : "", text.c_str(), terminal_ ? "\033[K" : "\n");
  if (terminal_ && last) std::fputc('\n', stderr);
  std::fflush(stderr);
}

}  // namespace foresee
