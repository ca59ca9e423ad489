#pragma once

#include <fmt/format.h>

#include <string>

#include "jepa/core/api/error.h"

namespace foresee {

/// Throws E with a formatted message: `fail<DataError>("{}: not a video", path)`.
template <class E = Error, class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw E(fmt::format(format, std::forward<Args>(args)...));
}

namespace detail {
template <class E, class... Args>
[[noreturn]] void check_failed(const char* function, fmt::format_string<Args...> format, Args&&... args) {
  throw E("[" + std::string(function) + "] " + fmt::format(format, std::forward<Args>(args)...));
}
}  // namespace detail
}  // namespace foresee

/// Checks what the caller passed, always; throws foresee::Error "[function] MESSAGE".
/// The message says what was expected and what came: FORESEE_CHECK(x.dim() == 3, "expected [B, N, D], got {}",
/// x.dim()).
#define FORESEE_CHECK(condition, ...)                                                           \
  do {                                                                                          \
    if (!(condition)) ::foresee::detail::check_failed<::foresee::Error>(__func__, __VA_ARGS__); \
  } while (false)

/// Checks our own invariant in debug builds; throws foresee::InternalError.
#ifdef FORESEE_DEBUG
#define FORESEE_DCHECK(condition, ...)                                                                  \
  do {                                                                                                  \
    if (!(condition)) ::foresee::detail::check_failed<::foresee::InternalError>(__func__, __VA_ARGS__); \
  } while (false)
#else
#define FORESEE_DCHECK(condition, ...) \
  do {                                 \
  } while (false)
#endif
