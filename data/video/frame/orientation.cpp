#include "data/video/frame/orientation.h"

#include <algorithm>
#include <cmath>

namespace foresee::data {

Orientation orientation_of(std::span<const int32_t, 9> matrix) {
  // x' = a x + c y, y' = b x + d y, with y pointing down.
  const double a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  if (std::abs(a) + std::abs(d) >= std::abs(b) + std::abs(c)) {
    const bool left = a < 0, up = d < 0;
    return {.mirrored = left != up, .rotation_degrees = up ? 180 : 0};
  }
  const bool left = c < 0, up = b < 0;
  return {.mirrored = left == up, .rotation_degrees = left ? 90 : 270};
}

void copy_upright(const uint8_t* plane, int64_t stride, int64_t height, int64_t width, Orientation orientation,
                  uint8_t* out) {
  if (orientation == Orientation{}) {
    for (int64_t y = 0; y < height; ++y) std::copy_n(plane + y * stride, width, out + y * width);
    return;
  }
  // Where stored pixel (0, 0) goes, and the steps in `out` for one pixel to the right and one down.
  int64_t origin = 0, right = 1, down = width;
  switch (orientation.rotation_degrees) {
    case 90:
      origin = height - 1, right = height, down = -1;
      break;
    case 180:
      origin = height * width - 1, right = -1, down = -width;
      break;
    case 270:
      origin = (width - 1) * height, right = -height, down = 1;
      break;
    default:
      break;
  }
  if (orientation.mirrored) {
    origin += (width - 1) * right;
    right = -right;
  }
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* row = plane + y * stride;
    uint8_t* to = out + origin + y * down;
    for (int64_t x = 0; x < width; ++x) to[x * right] = row[x];
  }
}

}  // namespace foresee::data
