#pragma once

#include <cstdint>

namespace foresee {

/// Tokens of a clip: `time` tubelets of `height` x `width` patches. Token (t, h, w) has the id (t * height + h) * width
/// + w.
struct TokenGrid {
  int64_t time = 0, height = 0, width = 0;

  int64_t tokens() const { return time * height * width; }
  bool operator==(const TokenGrid&) const = default;
};

}  // namespace foresee
