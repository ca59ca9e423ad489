#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "data/video/ffmpeg.h"
#include "data/video/frame/colours.h"
#include "data/video/frame/orientation.h"
#include "data/video/frame/picture_format.h"
#include "data/video/frame/picture_size.h"
#include "data/video/frame/tone_map.h"

namespace foresee::data {

/// Turns decoded frames of any pixel format into upright planes of 8-bit RGB: swscale with the frame's own colour
/// matrix and range, and what swscale does not do (YCgCo, high dynamic range) by itself.
class RgbConverter {
 public:
  /// @param size  of the result before it is brought upright.
  RgbConverter(PictureSize size, Orientation orientation, ColourConversion conversion);

  /// Prepares for frames like this one. @throws DataError where conversion_refusal() has a reason, and for a pixel
  /// format that swscale does not read.
  void prepare(const PictureFormat& format);
  /// @param planes  3 * height * width bytes: all red, all green, all blue. @throws as prepare().
  void convert(const AVFrame& frame, std::span<uint8_t> planes);

 private:
  enum class Way { kPlanes, kPacked, kYcgco, kLight };
  Way way_for(const PictureFormat& format) const;
  void make_planes();

  PictureSize size_;
  Orientation orientation_;
  ColourConversion conversion_;
  std::optional<PictureFormat> prepared_;  // what the rest was made for
  Way way_ = Way::kPlanes;
  UniqueScaler scaler_;
  UniqueFrame scaled_;
  std::optional<ToneMap> tone_map_;
  std::vector<uint8_t> planes_;  // red, green, blue, where scaled_ does not hold them as planes
};

}  // namespace foresee::data
