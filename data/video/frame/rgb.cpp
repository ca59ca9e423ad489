#include "data/video/frame/rgb.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

uint8_t to_byte(float value) { return static_cast<uint8_t>(std::clamp(std::lround(value), 0L, 255L)); }

// One row of Y, Cg, Co (H.273, MatrixCoefficients 8) to red, green, blue.
void ycgco_row(int64_t width, const uint8_t* luma, const uint8_t* green_difference, const uint8_t* orange_difference,
               bool full_range, uint8_t* red, uint8_t* green, uint8_t* blue) {
  const float black = full_range ? 0 : 16;
  const float luma_scale = full_range ? 1.0f : 255.0f / 219, chroma_scale = full_range ? 1.0f : 255.0f / 224;
  for (int64_t x = 0; x < width; ++x) {
    const float y = (static_cast<float>(luma[x]) - black) * luma_scale;
    const float cg = (static_cast<float>(green_difference[x]) - 128) * chroma_scale;
    const float co = (static_cast<float>(orange_difference[x]) - 128) * chroma_scale;
    red[x] = to_byte(y - cg + co);
    green[x] = to_byte(y + cg);
    blue[x] = to_byte(y - cg - co);
  }
}

}  // namespace

RgbConverter::RgbConverter(PictureSize size, Orientation orientation, ColourConversion conversion)
    : size_(size), orientation_(orientation), conversion_(conversion) {}

RgbConverter::Way RgbConverter::way_for(const PictureFormat& format) const {
  if (!high_dynamic_range(format.transfer).empty()) return Way::kLight;
  if (format.matrix == AVCOL_SPC_YCGCO && !is_grey(format.pixels)) return Way::kYcgco;
  return conversion_ == ColourConversion::kSwscale ? Way::kPacked : Way::kPlanes;
}

void RgbConverter::prepare(const PictureFormat& format) {
  if (prepared_ == format) return;
  prepared_.reset();
  if (const std::string reason = conversion_refusal(format); !reason.empty()) fail<DataError>("{}", reason);
  way_ = way_for(format);
  // Planes are what we want, and seven times as fast as interleaved RGB.
  constexpr std::array kTargets{AV_PIX_FMT_GBRP, AV_PIX_FMT_RGB24, AV_PIX_FMT_YUV444P, AV_PIX_FMT_GBRP16};
  const AVPixelFormat target = kTargets[static_cast<size_t>(way_)];
  constexpr int kExactFlags = SWS_BILINEAR | SWS_BITEXACT | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT;
  const ErrorCapture errors;
  scaler_.reset(sws_getContext(format.width, format.height, format.pixels, static_cast<int>(size_.width),
                               static_cast<int>(size_.height), target,
                               way_ == Way::kPacked ? SWS_BILINEAR : kExactFlags, nullptr, nullptr, nullptr));
  if (!scaler_) {
    const char* name = av_get_pix_fmt_name(format.pixels);
    fail<DataError>("cannot convert {} x {} pixels of format {} to RGB", format.width, format.height,
                    name == nullptr ? "?" : name);
  }
  const int one = 1 << 16;
  const int from = way_ == Way::kYcgco ? SWS_CS_DEFAULT : swscale_matrix(format);
  const bool to_full_range = way_ != Way::kYcgco || format.full_range;
  sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(from), format.full_range ? 1 : 0,
                           sws_getCoefficients(SWS_CS_DEFAULT), to_full_range ? 1 : 0, /*brightness=*/0, one, one);
  scaled_.reset(av_frame_alloc());
  scaled_->format = target;
  scaled_->width = static_cast<int>(size_.width);
  scaled_->height = static_cast<int>(size_.height);
  // swscale writes whole vectors: rows padded to 64 bytes, which av_frame_get_buffer gives.
  FORESEE_CHECK(av_frame_get_buffer(scaled_.get(), 64) >= 0, "no memory for a {} x {} picture", size_.width,
                size_.height);
  tone_map_.reset();
  if (way_ == Way::kLight) tone_map_.emplace(format.transfer, format.primaries == AVCOL_PRI_BT2020);
  planes_.resize(way_ == Way::kPlanes ? 0 : static_cast<size_t>(3 * size_.height * size_.width));
  prepared_ = format;
}

// Fills planes_ from scaled_.
void RgbConverter::make_planes() {
  const int64_t area = size_.height * size_.width;
  const auto row_of = [&](int plane, int64_t y) { return scaled_->data[plane] + y * scaled_->linesize[plane]; };
  const auto deep_row_of = [&](int plane, int64_t y) { return reinterpret_cast<const uint16_t*>(row_of(plane, y)); };
  for (int64_t y = 0; y < size_.height; ++y) {
    uint8_t* red = planes_.data() + y * size_.width;
    uint8_t *green = red + area, *blue = green + area;
    if (way_ == Way::kPacked) {
      const uint8_t* row = row_of(0, y);
      for (int64_t x = 0; x < size_.width; ++x) {
        red[x] = row[3 * x];
        green[x] = row[3 * x + 1];
        blue[x] = row[3 * x + 2];
      }
    } else if (way_ == Way::kYcgco) {
      ycgco_row(size_.width, row_of(0, y), row_of(1, y), row_of(2, y), prepared_->full_range, red, green, blue);
    } else {
      // The frame holds green, blue, red.
      tone_map_->apply(size_.width, deep_row_of(2, y), deep_row_of(0, y), deep_row_of(1, y), red, green, blue);
    }
  }
}

void RgbConverter::convert(const AVFrame& frame, std::span<uint8_t> planes) {
  const int64_t area = size_.height * size_.width;
  FORESEE_DCHECK(static_cast<int64_t>(planes.size()) == 3 * area, "got {} bytes", planes.size());
  prepare(picture_format(frame));
  sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, scaled_->data, scaled_->linesize);
  if (way_ != Way::kPlanes) make_planes();
  constexpr std::array<size_t, 3> kRedGreenBlue{2, 0, 1};  // the frame holds green, blue, red
  for (size_t c = 0; c < 3; ++c) {
    const auto offset = static_cast<int64_t>(c) * area;
    const bool direct = way_ == Way::kPlanes;
    copy_upright(direct ? scaled_->data[kRedGreenBlue[c]] : planes_.data() + offset,
                 direct ? scaled_->linesize[kRedGreenBlue[c]] : size_.width, size_.height, size_.width, orientation_,
                 planes.data() + offset);
  }
}

}  // namespace foresee::data
