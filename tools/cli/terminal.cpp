#include "tools/cli/terminal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "jepa/core/error.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/text/printable.h"
#include "jepa/core/text/progress_line.h"

namespace foresee::tools {
namespace {

/// Columns of the terminal behind stderr.
int terminal_width() {
  struct winsize size {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

constexpr double kTerminalInterval_s = 0.1, kLogInterval_s = 10.0, kWorthALine_s = 1.0;

/// Stderr as people see it: log lines, and the line of a bar that is drawn over and over.
class Terminal : public JobObserver {
 public:
  void progress(const ProgressUpdate& update) override {
    const std::lock_guard lock(mutex_);
    if (verbosity_ == Verbosity::kQuiet) return;
    if (!running_ || update.label != label_ || update.done < done_) begin(update);
    done_ = update.done;
    rate_.add(std::chrono::duration<double>(Clock::now() - begin_).count(), update.done);
    const double since = std::chrono::duration<double>(Clock::now() - shown_).count();
    // On a terminal at once: what is slow to begin is not taken for hanging.
    const bool due = since >= (terminal_ ? kTerminalInterval_s : kLogInterval_s);
    const bool at_end = update.finished && (terminal_ || lines_ > 0 || since >= kWorthALine_s);
    if (at_end || due || (terminal_ && !drawn_)) draw(update);
    running_ = !update.finished;
  }

  void line(LogLevel level, std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (level == LogLevel::kInfo && verbosity_ == Verbosity::kQuiet) return;
    if (level == LogLevel::kDebug && verbosity_ != Verbosity::kVerbose) return;
    end_bar();
    const bool warning = level == LogLevel::kWarning, colour = warning && coloured_;
    const std::string line = fmt::format("{}{}{}{}\n", colour ? "\033[33m" : "", warning ? "warning: " : "",
                                         printable(text), colour ? "\033[0m" : "");
    std::fwrite(line.data(), 1, line.size(), stderr);  // one call: lines of several processes do not mix
  }

  void set_verbosity(Verbosity verbosity) {
    const std::lock_guard lock(mutex_);
    verbosity_ = verbosity;
  }

  /// Ends the line of a bar that was broken off.
  ~Terminal() override { end_bar(); }

 private:
  using Clock = std::chrono::steady_clock;

  void begin(const ProgressUpdate& update) {
    end_bar();
    label_ = update.label;
    lines_ = 0;
    begin_ = shown_ = Clock::now();
    rate_ = {};
    rate_.add(0, update.start);
  }

  void end_bar() {
    if (drawn_) std::fputc('\n', stderr);
    drawn_ = false;
  }

  void draw(const ProgressUpdate& now) {
    shown_ = Clock::now();
    ++lines_;
    const double seconds = std::max(1e-9, std::chrono::duration<double>(shown_ - begin_).count());
    const double mean = static_cast<double>(now.done - now.start) / seconds;
    const double recent = rate_.per_second();
    const std::string text =
        progress_line(now, seconds, now.finished || recent <= 0 ? mean : recent, terminal_ ? terminal_width() : 0);
    // \033[K clears what a longer line left behind.
    std::fprintf(stderr, "%s%s%s", terminal_ ? "\r" : "", text.c_str(), terminal_ ? "\033[K" : "\n");
    drawn_ = terminal_;
    if (now.finished) end_bar();
    std::fflush(stderr);
  }

  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  // https://no-color.org: set and not empty.
  const bool coloured_ = terminal_ && (std::getenv("NO_COLOR") == nullptr || *std::getenv("NO_COLOR") == '\0');
  Verbosity verbosity_ = Verbosity::kNormal;
  std::mutex mutex_;
  bool running_ = false, drawn_ = false;
  std::string label_;
  int64_t done_ = 0, lines_ = 0;  // lines_: drawn for this label
  RecentRate rate_;
  Clock::time_point begin_, shown_;
};

Terminal& terminal() {
  static Terminal one;
  return one;
}

// A signal handler may do next to nothing: it writes a byte, and a thread that waits for one asks for the stop.
volatile std::sig_atomic_t signals_seen = 0, first_signal = 0;
int signal_pipe[2] = {-1, -1};

void on_signal(int number) {
  signals_seen = signals_seen + 1;
  if (signals_seen > 1) {
    std::signal(number, SIG_DFL);
    std::raise(number);
    return;
  }
  first_signal = number;
  const int before = errno;
  const char byte = 0;
  if (::write(signal_pipe[1], &byte, 1) < 0) std::signal(number, SIG_DFL);
  errno = before;
}

/// Of commands whose jobs never ask whether to stop. What they were writing lies under a temporary name.
void end_at_once(int number) { ::_exit(128 + number); }

void catch_signals(void (*handler)(int)) {
  std::signal(SIGINT, handler);
  std::signal(SIGTERM, handler);
  if (std::signal(SIGHUP, handler) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // as under nohup
}

}  // namespace

void log_to_stderr(Verbosity verbosity) {
  terminal().set_verbosity(verbosity);
  set_log_sink([](LogLevel level, std::string_view line) { terminal().line(level, line); });
}

int stopped_by_signal() { return first_signal; }

JobControl terminal_control(bool stops) {
  std::stop_source source;
  if (!stops) {
    catch_signals(end_at_once);
    return {.observer = &terminal()};
  }
  FORESEE_CHECK(signal_pipe[0] < 0, "signals are caught already");
  if (::pipe2(signal_pipe, O_CLOEXEC) != 0) fail("cannot make a pipe: {}", system_reason(errno));
  std::thread([source]() mutable {
    char byte = 0;
    while (::read(signal_pipe[0], &byte, 1) < 0 && errno == EINTR) {
    }
    source.request_stop();
    terminal().line(LogLevel::kInfo, "stopping as soon as what is done can be kept; a second signal ends at once");
  }).detach();
  catch_signals(on_signal);
  return {.observer = &terminal(), .stop = source.get_token()};
}

}  // namespace foresee::tools
