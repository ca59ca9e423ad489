#pragma once

#include <cstdint>

namespace foresee::data {

/// Pixels of a picture.
struct PictureSize {
  int64_t height = 0, width = 0;
  bool operator==(const PictureSize&) const = default;
};

}  // namespace foresee::data
