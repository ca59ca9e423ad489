#pragma once

#include <cstdint>
#include <vector>

namespace foresee::data {

/// Which inputs make each output along one axis, and with what weight.
struct ResampleAxis {
  int64_t taps = 0;            // weights of each output
  std::vector<int64_t> first;  // [out], the first input of each
  std::vector<float> weights;  // [out, taps]; they sum to 1
  int64_t begin = 0, end = 0;  // inputs that count at all

  int64_t size() const { return static_cast<int64_t>(first.size()); }
};

/// The triangle filter of torch's interpolate(mode=bilinear, align_corners=False), from `in` to `out` pixels.
/// @param antialias  widen it by in / out when shrinking (upsample_bilinear2d_aa), instead of two taps anywhere.
ResampleAxis bilinear_axis(int64_t in, int64_t out, bool antialias);
/// Outputs [start, start + count) only.
ResampleAxis window(const ResampleAxis& axis, int64_t start, int64_t count);
/// The outputs in reverse order.
ResampleAxis mirrored(const ResampleAxis& axis);
/// Inputs counted from `offset` before the first one: for a crop that begins there.
ResampleAxis shifted(const ResampleAxis& axis, int64_t offset);

/// What becomes of a resampled value 0 .. 255.
struct PixelMap {
  float scale = 1, shift = 0;  // value * scale + shift
  bool round = false;          // to a whole number first, as 8-bit pictures do
};

/// Resamples one plane of bytes; rows of `in` lie `stride` bytes apart.
/// @param out  [rows.size(), columns.size()].
void resample_plane(const uint8_t* in, int64_t stride, const ResampleAxis& rows, const ResampleAxis& columns,
                    const PixelMap& map, float* out);

}  // namespace foresee::data
