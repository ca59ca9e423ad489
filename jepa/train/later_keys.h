#pragma once

#include <span>

namespace foresee {

/// A config key that came after the first release, and what was done before it was there. A run that an earlier version
/// made lacks the key and goes on in the old way.
struct LaterKey {
  const char* path;    // JSON pointer into the run's config
  const char* before;  // JSON
};
using LaterKeys = std::span<const LaterKey>;

}  // namespace foresee
