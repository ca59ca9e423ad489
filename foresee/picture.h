#pragma once

#include <cstdint>

namespace foresee {

/// A picture in memory that somebody else owns: rows of red, green and blue bytes, top row first. Any size: a model
/// brings it to its own size by the rule that it was trained with.
struct PictureView {
  const uint8_t* rgb = nullptr;   // height rows; a row holds width pixels of 3 bytes
  int64_t height = 0, width = 0;  // pixels
  int64_t row_stride = 0;         // bytes from one row to the next; 0: 3 * width
};

}  // namespace foresee
