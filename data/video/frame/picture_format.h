#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "data/video/ffmpeg.h"
#include "data/video/frame/orientation.h"

namespace foresee::data {

/// What decides how a decoded picture becomes RGB.
struct PictureFormat {
  AVPixelFormat pixels = AV_PIX_FMT_NONE;  // never one of the "J" formats: those are full range
  int width = 0, height = 0;
  bool full_range = false;
  AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
  AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
  AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;

  bool operator==(const PictureFormat&) const = default;
};

/// What the first picture that came out of a decoder says of all of them.
struct FirstPicture {
  PictureFormat format;
  std::optional<Orientation> orientation;  // stated inside the stream (H.264 and HEVC messages)
  bool interlaced = false;
};

/// The format of a decoded picture. Grey without a stated range is full range, colour is limited, as in FFmpeg.
PictureFormat picture_format(const AVFrame& frame);

/// Bits of one number of a pixel.
int64_t bit_depth(AVPixelFormat format);
/// True when the pixels are grey values, with or without transparency.
bool is_grey(AVPixelFormat format);
bool has_alpha(AVPixelFormat format);
/// "PQ" or "HLG" for the curves of high dynamic range; empty for all others.
std::string high_dynamic_range(AVColorTransferCharacteristic transfer);

/// The matrix by which swscale is to convert; SWS_CS_DEFAULT (BT.601, which is also what V-JEPA 2's reader shows) where
/// none is stated. @pre conversion_refusal() is empty and the matrix is not YCgCo.
int swscale_matrix(const PictureFormat& format);
/// Why pictures of this format are not turned into 8-bit RGB; empty when they are.
std::string conversion_refusal(const PictureFormat& format);

}  // namespace foresee::data
