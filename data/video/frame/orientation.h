#pragma once

#include <cstdint>
#include <span>

namespace foresee::data {

/// How a stored picture is brought upright: mirrored left to right first, then turned clockwise.
struct Orientation {
  bool mirrored = false;
  int64_t rotation_degrees = 0;  // clockwise: 0, 90, 180, 270

  /// True when width and height change places.
  bool sideways() const { return rotation_degrees % 180 != 0; }
  bool operator==(const Orientation&) const = default;
};

/// The orientation that a display matrix of MP4 or of an H.264 or HEVC message asks for: its nearest quarter turn and
/// its mirroring, as FFmpeg's program shows them. @param matrix  a b u c d v x y w, as FFmpeg stores it.
Orientation orientation_of(std::span<const int32_t, 9> matrix);

/// Copies one plane into `out`, brought upright. @param out  height * width bytes, rows of the upright picture.
void copy_upright(const uint8_t* plane, int64_t stride, int64_t height, int64_t width, Orientation orientation,
                  uint8_t* out);

}  // namespace foresee::data
