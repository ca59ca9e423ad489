#include "tools/cli/terminal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <thread>

#include "jepa/core/duration.h"
#include "jepa/core/error.h"

namespace foresee::tools {
namespace {

constexpr int kBarWidth = 24;
constexpr double kTerminalInterval_s = 0.1, kLogInterval_s = 10.0;

/// Stderr as people see it: log lines, and the line of a bar that is drawn over and over.
class Terminal : public JobObserver {
 public:
  void progress(const ProgressUpdate& update) override {
    const std::lock_guard lock(mutex_);
    if (!running_ || update.label != label_ || update.done < done_) begin(update);
    done_ = update.done;
    const double since = std::chrono::duration<double>(Clock::now() - shown_).count();
    if (update.finished || since >= (terminal_ ? kTerminalInterval_s : kLogInterval_s)) draw(update);
    running_ = !update.finished;
  }

  void line(LogLevel level, std::string_view text) {
    const std::lock_guard lock(mutex_);
    end_bar();
    const bool warning = level == LogLevel::kWarning, colour = warning && terminal_;
    const std::string line =
        fmt::format("{}{}{}{}\n", colour ? "\033[33m" : "", warning ? "warning: " : "", text, colour ? "\033[0m" : "");
    std::fwrite(line.data(), 1, line.size(), stderr);  // one call: lines of several processes do not mix
  }

  /// Ends the line of a bar that was broken off.
  ~Terminal() override { end_bar(); }

 private:
  using Clock = std::chrono::steady_clock;

  void begin(const ProgressUpdate& update) {
    end_bar();
    label_ = update.label;
    begin_ = shown_ = Clock::now();
  }

  void end_bar() {
    if (drawn_) std::fputc('\n', stderr);
    drawn_ = false;
  }

  void draw(const ProgressUpdate& now) {
    shown_ = Clock::now();
    const double seconds = std::max(1e-9, std::chrono::duration<double>(shown_ - begin_).count());
    const double rate = static_cast<double>(now.done - now.start) / seconds;
    const std::string time = now.finished ? "in " + duration_text(seconds)
                             : rate > 0.0 ? "ETA " + duration_text(static_cast<double>(now.total - now.done) / rate)
                                          : "ETA ?";
    std::string bar;
    if (terminal_) {
      const double fraction =
          now.total > 0 ? std::clamp(static_cast<double>(now.done) / static_cast<double>(now.total), 0.0, 1.0) : 1;
      const int filled = static_cast<int>(fraction * kBarWidth);
      bar = fmt::format("[{}{}] ", std::string(static_cast<size_t>(filled), '='),
                        std::string(static_cast<size_t>(kBarWidth - filled), ' '));
    }
    const std::string text = fmt::format("{} {}{}/{} {}, {:.3g}/s, {}{}{}", now.label, bar, now.done, now.total,
                                         now.unit, rate, time, now.note.empty() ? "" : ", ", now.note);
    // \033[K clears what a longer line left behind.
    std::fprintf(stderr, "%s%s%s", terminal_ ? "\r" : "", text.c_str(), terminal_ ? "\033[K" : "\n");
    drawn_ = terminal_;
    if (now.finished) end_bar();
    std::fflush(stderr);
  }

  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  std::mutex mutex_;
  bool running_ = false, drawn_ = false;
  std::string label_;
  int64_t done_ = 0;
  Clock::time_point begin_, shown_;
};

Terminal& terminal() {
  static Terminal one;
  return one;
}

// A signal handler may do next to nothing: it writes a byte, and a thread that waits for one asks for the stop.
volatile std::sig_atomic_t signals_seen = 0;
int signal_pipe[2] = {-1, -1};

void on_signal(int number) {
  signals_seen = signals_seen + 1;
  if (signals_seen > 1) {
    std::signal(number, SIG_DFL);
    std::raise(number);
    return;
  }
  const int before = errno;
  const char byte = 0;
  if (::write(signal_pipe[1], &byte, 1) < 0) std::signal(number, SIG_DFL);
  errno = before;
}

}  // namespace

void log_to_stderr() {
  terminal();
  set_log_sink([](LogLevel level, std::string_view line) { terminal().line(level, line); });
}

JobControl terminal_control() {
  std::stop_source source;
  FORESEE_CHECK(signal_pipe[0] < 0, "signals are caught already");
  if (::pipe2(signal_pipe, O_CLOEXEC) != 0) fail("cannot make a pipe: too many open files");
  std::thread([source]() mutable {
    char byte = 0;
    while (::read(signal_pipe[0], &byte, 1) < 0 && errno == EINTR) {
    }
    source.request_stop();
  }).detach();
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  return {.observer = &terminal(), .stop = source.get_token()};
}

}  // namespace foresee::tools
