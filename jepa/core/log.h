#pragma once

#include <fmt/format.h>

#include <string>

namespace foresee {

/// Sets what reaches stderr: 0 errors only, 1 warnings, 2 information (default), 3 debug.
void set_log_level(int level);

namespace detail {
void log_line(int level, const std::string& text);
}

/// One line for people, on stderr. Standard output belongs to results.
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  detail::log_line(2, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  detail::log_line(1, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  detail::log_line(3, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace foresee
