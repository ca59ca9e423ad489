#pragma once

#include <cstdint>
#include <vector>

namespace foresee::data {

// Note [Pillow resize]
// Pillow resizes 8-bit pictures in two passes, horizontal then vertical, each a weighted sum in 22-bit fixed point that
// is rounded and cut to 8 bits (its src/libImaging/Resample.c; the filter widens by the scale when shrinking). The two
// passes below are the same sum over one axis of a row-major array, once over the slow axis and once over the fast one,
// so that a renderer that keeps pictures column by column can use the one that vectorises. They are exact integers:
// the same bytes on every machine.

/// The weights along one axis of Pillow's bilinear resize from `in` to `out` pixels.
struct ResizeAxis {
  int64_t in = 0, out = 0;
  int64_t taps = 0;              // weights stored for each output
  std::vector<int64_t> first;    // [out], first input that counts
  std::vector<int64_t> count;    // [out], inputs that count, <= taps
  std::vector<int32_t> weights;  // [out, taps], 1.0 = 2^22; zero behind `count`
};
ResizeAxis pillow_bilinear_axis(int64_t in, int64_t out);

/// One output line of a pass over the slow axis: out[i] = sum over k of weights[k] * rows[k][i], i in [0, length).
/// @param rows  the first input line that counts for this output; lines lie `stride` bytes apart.
void resize_line(const ResizeAxis& axis, int64_t output, const uint8_t* rows, int64_t stride, int64_t length,
                 uint8_t* out);

/// A pass over the fast axis: in [rows, axis.in, channels] -> out [rows, axis.out, channels].
void resize_rows(const ResizeAxis& axis, const uint8_t* in, int64_t rows, int64_t channels, uint8_t* out);

}  // namespace foresee::data
