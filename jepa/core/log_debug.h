#pragma once

#include "jepa/core/log.h"

namespace foresee {

/// One line that helps to find a fault: which file was read, how long it took. Shown by few (the program's --verbose).
template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  detail::log(LogLevel::kDebug, format, std::forward<Args>(args)...);
}

}  // namespace foresee
