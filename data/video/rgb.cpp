#include "data/video/rgb.h"

#include <algorithm>
#include <array>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

// The "J" formats mean the plain ones with full range; swscale warns when it is given them.
AVPixelFormat plain_format(int format, bool& full_range) {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
      full_range = true;
      return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
      full_range = true;
      return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
      full_range = true;
      return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P:
      full_range = true;
      return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P:
      full_range = true;
      return AV_PIX_FMT_YUV411P;
    default:
      return static_cast<AVPixelFormat>(format);
  }
}

// Copies one plane, turned clockwise by kQuarters * 90 degrees.
template <int kQuarters>
void copy_plane(const uint8_t* plane, int64_t stride, int64_t height, int64_t width, uint8_t* out) {
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* row = plane + y * stride;
    if constexpr (kQuarters == 0) std::copy_n(row, width, out + y * width);
    if constexpr (kQuarters == 1)
      for (int64_t x = 0; x < width; ++x) out[x * height + height - 1 - y] = row[x];
    if constexpr (kQuarters == 2) std::reverse_copy(row, row + width, out + (height - 1 - y) * width);
    if constexpr (kQuarters == 3)
      for (int64_t x = 0; x < width; ++x) out[(width - 1 - x) * height + y] = row[x];
  }
}

}  // namespace

RgbConverter::RgbConverter(int64_t height, int64_t width, int64_t rotation_degrees)
    : height_(height), width_(width), rotation_degrees_(rotation_degrees), rgb_(av_frame_alloc()) {
  rgb_->format = AV_PIX_FMT_GBRP;  // planes, which is what we want, and seven times as fast as interleaved RGB
  rgb_->width = static_cast<int>(width);
  rgb_->height = static_cast<int>(height);
  // swscale writes whole vectors: rows padded to 64 bytes, which av_frame_get_buffer gives.
  FORESEE_CHECK(av_frame_get_buffer(rgb_.get(), 64) >= 0, "no memory for a {} x {} picture", width, height);
}

void RgbConverter::prepare(const AVFrame& frame) {
  bool full_range = frame.color_range == AVCOL_RANGE_JPEG;
  const AVPixelFormat format = plain_format(frame.format, full_range);
  const int matrix = frame.colorspace == AVCOL_SPC_UNSPECIFIED || frame.colorspace == AVCOL_SPC_RGB
                         ? SWS_CS_DEFAULT
                         : static_cast<int>(frame.colorspace);
  if (scaler_ && frame.width == from_width_ && frame.height == from_height_ && format == from_format_ &&
      matrix == from_matrix_ && full_range == from_range_)
    return;
  constexpr int flags = SWS_BILINEAR | SWS_BITEXACT | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT;
  const ErrorCapture errors;
  scaler_.reset(sws_getContext(frame.width, frame.height, format, static_cast<int>(width_), static_cast<int>(height_),
                               AV_PIX_FMT_GBRP, flags, nullptr, nullptr, nullptr));
  if (!scaler_) {
    const char* name = av_get_pix_fmt_name(format);
    fail<DataError>("cannot convert {} x {} pixels of format {} to RGB", frame.width, frame.height,
                    name == nullptr ? "?" : name);
  }
  const int one = 1 << 16;
  sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(matrix), full_range ? 1 : 0,
                           sws_getCoefficients(SWS_CS_DEFAULT), /*dstRange=*/1, /*brightness=*/0, one, one);
  from_width_ = frame.width;
  from_height_ = frame.height;
  from_format_ = format;
  from_matrix_ = matrix;
  from_range_ = full_range;
}

void RgbConverter::convert(const AVFrame& frame, std::span<uint8_t> planes) {
  FORESEE_DCHECK(static_cast<int64_t>(planes.size()) == 3 * height_ * width_, "got {} bytes", planes.size());
  prepare(frame);
  sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, rgb_->data, rgb_->linesize);
  const auto copy = rotation_degrees_ == 0     ? copy_plane<0>
                    : rotation_degrees_ == 90  ? copy_plane<1>
                    : rotation_degrees_ == 180 ? copy_plane<2>
                                               : copy_plane<3>;
  constexpr std::array<size_t, 3> kRedGreenBlue{2, 0, 1};  // the frame holds green, blue, red
  for (size_t c = 0; c < 3; ++c)
    copy(rgb_->data[kRedGreenBlue[c]], rgb_->linesize[kRedGreenBlue[c]], height_, width_,
         planes.data() + static_cast<int64_t>(c) * height_ * width_);
}

}  // namespace foresee::data
