#include "data/video/frame/picture_format.h"

#include <fmt/format.h>

#include <cstring>

namespace foresee::data {
namespace {

// Grey of more bits than any camera's picture is a measurement: depth in millimetres, heat, X-rays.
constexpr int64_t kMostGreyBits = 12;

// The "J" formats mean the plain ones with full range; swscale warns when it is given them.
AVPixelFormat plain_format(AVPixelFormat format, bool& full_range) {
  const auto plain = [&](AVPixelFormat of) {
    full_range = true;
    return of;
  };
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
      return plain(AV_PIX_FMT_YUV420P);
    case AV_PIX_FMT_YUVJ422P:
      return plain(AV_PIX_FMT_YUV422P);
    case AV_PIX_FMT_YUVJ444P:
      return plain(AV_PIX_FMT_YUV444P);
    case AV_PIX_FMT_YUVJ440P:
      return plain(AV_PIX_FMT_YUV440P);
    case AV_PIX_FMT_YUVJ411P:
      return plain(AV_PIX_FMT_YUV411P);
    default:
      return format;
  }
}

bool is_yuv(AVPixelFormat format) {
  const AVPixFmtDescriptor* about = av_pix_fmt_desc_get(format);
  return about != nullptr && about->nb_components >= 3 && (about->flags & AV_PIX_FMT_FLAG_RGB) == 0;
}

// "Derived from the primaries": for these, one of the named matrices is meant.
AVColorSpace derived_matrix(AVColorPrimaries primaries) {
  switch (primaries) {
    case AVCOL_PRI_BT709:
      return AVCOL_SPC_BT709;
    case AVCOL_PRI_BT2020:
      return AVCOL_SPC_BT2020_NCL;
    case AVCOL_PRI_SMPTE170M:
    case AVCOL_PRI_SMPTE240M:
      return AVCOL_SPC_SMPTE240M;
    default:
      return AVCOL_SPC_NB;
  }
}

// AVCOL_SPC_NB for a matrix that no formula here decodes.
AVColorSpace known_matrix(const PictureFormat& format) {
  switch (format.matrix) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_FCC:
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_SMPTE240M:
    case AVCOL_SPC_YCGCO:
    case AVCOL_SPC_BT2020_NCL:
      return format.matrix;
    case AVCOL_SPC_RGB:
    case AVCOL_SPC_UNSPECIFIED:
    case AVCOL_SPC_RESERVED:
      return AVCOL_SPC_UNSPECIFIED;
    case AVCOL_SPC_CHROMA_DERIVED_NCL:
      return derived_matrix(format.primaries);
    default:
      return AVCOL_SPC_NB;
  }
}

/// What a stream says, which may be any number. @returns `other` for one that FFmpeg has no name for.
template <typename Enum>
Enum known(const Enum& said, Enum end, Enum other) {
  int number = 0;
  static_assert(sizeof(said) == sizeof(number));
  std::memcpy(&number, &said, sizeof(number));
  return number >= 0 && number < static_cast<int>(end) ? static_cast<Enum>(number) : other;
}

}  // namespace

PictureFormat picture_format(const AVFrame& frame) {
  PictureFormat format;
  const AVColorRange range = known(frame.color_range, AVCOL_RANGE_NB, AVCOL_RANGE_UNSPECIFIED);
  format.full_range = range == AVCOL_RANGE_JPEG;
  format.pixels = plain_format(static_cast<AVPixelFormat>(frame.format), format.full_range);
  if (range == AVCOL_RANGE_UNSPECIFIED && is_grey(format.pixels)) format.full_range = true;
  format.width = frame.width;
  format.height = frame.height;
  format.matrix = known(frame.colorspace, AVCOL_SPC_NB, AVCOL_SPC_NB);
  format.transfer = known(frame.color_trc, AVCOL_TRC_NB, AVCOL_TRC_UNSPECIFIED);
  format.primaries = known(frame.color_primaries, AVCOL_PRI_NB, AVCOL_PRI_UNSPECIFIED);
  return format;
}

int64_t bit_depth(AVPixelFormat format) {
  const AVPixFmtDescriptor* about = av_pix_fmt_desc_get(format);
  return about == nullptr ? 8 : about->comp[0].depth;
}

bool is_grey(AVPixelFormat format) {
  const AVPixFmtDescriptor* about = av_pix_fmt_desc_get(format);
  return about != nullptr && about->nb_components <= 2 && about->comp[0].depth > 1 &&
         (about->flags & (AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BAYER)) == 0;
}

bool has_alpha(AVPixelFormat format) {
  const AVPixFmtDescriptor* about = av_pix_fmt_desc_get(format);
  return about != nullptr && (about->flags & AV_PIX_FMT_FLAG_ALPHA) != 0 && (about->flags & AV_PIX_FMT_FLAG_PAL) == 0;
}

std::string high_dynamic_range(AVColorTransferCharacteristic transfer) {
  if (transfer == AVCOL_TRC_SMPTE2084) return "PQ";
  return transfer == AVCOL_TRC_ARIB_STD_B67 ? "HLG" : "";
}

int swscale_matrix(const PictureFormat& format) {
  const AVColorSpace matrix = is_yuv(format.pixels) ? known_matrix(format) : AVCOL_SPC_UNSPECIFIED;
  return matrix == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : static_cast<int>(matrix);
}

std::string conversion_refusal(const PictureFormat& format) {
  const int64_t bits = bit_depth(format.pixels);
  if (is_grey(format.pixels) && bits > kMostGreyBits)
    return fmt::format("holds grey values of {} bits (depth or another measurement?), which pictures of 8 bits lose",
                       bits);
  if (!is_yuv(format.pixels) || known_matrix(format) != AVCOL_SPC_NB) return "";
  const char* name = av_color_space_name(format.matrix);
  return fmt::format("has colours coded as '{}', which are not decoded here; convert it to BT.709 first",
                     name == nullptr ? "?" : name);
}

}  // namespace foresee::data
