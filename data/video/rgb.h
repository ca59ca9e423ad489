#pragma once

#include <cstdint>
#include <span>

#include "data/video/ffmpeg.h"

namespace foresee::data {

/// Turns decoded frames of any pixel format into planes of 8-bit RGB: swscale, bit-exact, with the frame's own colour
/// matrix and range (an unstated matrix is BT.601, FFmpeg's default and what V-JEPA 2's reader shows).
class RgbConverter {
 public:
  /// @param height,width  of the result before rotation. @param rotation_degrees  clockwise, a multiple of 90.
  RgbConverter(int64_t height, int64_t width, int64_t rotation_degrees);

  /// @param planes  3 * height * width bytes: all red, all green, all blue. @throws DataError for a pixel format that
  /// swscale does not read.
  void convert(const AVFrame& frame, std::span<uint8_t> planes);

 private:
  void prepare(const AVFrame& frame);

  int64_t height_, width_, rotation_degrees_;
  UniqueFrame rgb_;
  UniqueScaler scaler_;
  // What scaler_ was made for.
  int from_width_ = 0, from_height_ = 0, from_format_ = -1, from_matrix_ = -1, from_range_ = -1;
};

}  // namespace foresee::data
