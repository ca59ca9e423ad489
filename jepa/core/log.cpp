#include "jepa/core/log.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <set>

namespace foresee {
namespace {
// spdlog 1.10, Debian's, does not compile with the fmt 12 that LibTorch's headers bring; one line is all that is
// needed.
std::atomic<LogSink> log_sink{nullptr};
std::mutex writing;
thread_local std::optional<std::set<std::string>> told;  // by LogEachLineOnce
}  // namespace

LogEachLineOnce::LogEachLineOnce() { told.emplace(); }
LogEachLineOnce::~LogEachLineOnce() { told.reset(); }

void set_log_sink(LogSink sink) {
  const std::lock_guard lock(writing);  // after this the old one is not called any more
  log_sink = sink;
}

bool detail::has_log_sink() { return log_sink.load() != nullptr; }

void detail::log_line(LogLevel level, const std::string& text) {
  if (told && !told->insert(text).second) return;
  const std::lock_guard lock(writing);
  if (const LogSink sink = log_sink.load(); sink != nullptr) sink(level, text);
}

}  // namespace foresee
