#pragma once

#include <fmt/format.h>

#include <string>

#include "jepa/core/api/job.h"

namespace foresee {

namespace detail {
/// Whether anybody listens.
bool has_log_sink();
void log_line(LogLevel level, const std::string& text);

template <class... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (has_log_sink()) log_line(level, fmt::format(format, std::forward<Args>(args)...));
}
}  // namespace detail

/// While it lives, a line that this thread has told already is not told again: for work that reads one file several
/// times. One at a time.
class LogEachLineOnce {
 public:
  LogEachLineOnce();
  ~LogEachLineOnce();
  LogEachLineOnce(const LogEachLineOnce&) = delete;
  LogEachLineOnce& operator=(const LogEachLineOnce&) = delete;
};

/// One line for people, to the sink that set_log_sink names; by default nowhere.
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  detail::log(LogLevel::kInfo, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  detail::log(LogLevel::kWarning, format, std::forward<Args>(args)...);
}

}  // namespace foresee
