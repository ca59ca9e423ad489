// Compiled with -O3 (CMakeLists.txt), once for each vector width; see Note [Pillow resize].
#include "data/picture/resize_passes.h"

#include <algorithm>
#include <cmath>

#include "jepa/core/cpu/vector_clones.h"

namespace foresee::data {
namespace {

constexpr int kBits = 22;
constexpr int32_t kHalf = 1 << (kBits - 1);

// Weights are not negative and add up to 2^22 but for rounding, so that a sum is in 0..255 or just above.
__attribute__((always_inline)) inline uint8_t rounded(int32_t sum) {
  return static_cast<uint8_t>(std::min(sum >> kBits, 255));
}

/// As many outputs as keep their sums in registers: 64 where vectors are long.
template <int kCount>
__attribute__((always_inline)) inline void sum_block(const int32_t* weights, int64_t count, const uint8_t* rows,
                                                     int64_t stride, uint8_t* out) {
  int32_t sums[kCount];
  for (int i = 0; i < kCount; ++i) sums[i] = kHalf;
  for (int64_t k = 0; k < count; ++k) {
    const int32_t weight = weights[k];
    const uint8_t* row = rows + k * stride;
#pragma omp simd
    for (int i = 0; i < kCount; ++i) sums[i] += weight * row[i];
  }
#pragma omp simd
  for (int i = 0; i < kCount; ++i) out[i] = rounded(sums[i]);
}

FORESEE_VECTOR_CLONES void sum_lines(const int32_t* weights, int64_t count, const uint8_t* rows, int64_t stride,
                                     int64_t length, uint8_t* out) {
  int64_t i = 0;
  for (; i + 64 <= length; i += 64) sum_block<64>(weights, count, rows + i, stride, out + i);
  for (; i + 16 <= length; i += 16) sum_block<16>(weights, count, rows + i, stride, out + i);
  for (; i < length; ++i) sum_block<1>(weights, count, rows + i, stride, out + i);
}

template <int kChannels>
void weighted_row(const ResizeAxis& axis, const uint8_t* in, uint8_t* out) {
  for (int64_t x = 0; x < axis.out; ++x) {
    const int32_t* weights = axis.weights.data() + x * axis.taps;
    const uint8_t* pixel = in + axis.first[static_cast<size_t>(x)] * kChannels;
    const int64_t count = axis.count[static_cast<size_t>(x)];
    int32_t sums[kChannels];
    for (int c = 0; c < kChannels; ++c) sums[c] = kHalf;
    for (int64_t k = 0; k < count; ++k)
      for (int c = 0; c < kChannels; ++c) sums[c] += weights[k] * pixel[k * kChannels + c];
    for (int c = 0; c < kChannels; ++c) out[x * kChannels + c] = rounded(sums[c]);
  }
}

}  // namespace

ResizeAxis pillow_bilinear_axis(int64_t in, int64_t out) {
  ResizeAxis axis{.in = in, .out = out};
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double filter_scale = std::max(scale, 1.0);
  const double support = filter_scale;  // the triangle reaches 1 pixel to each side, widened
  axis.taps = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
  axis.weights.assign(static_cast<size_t>(out * axis.taps), 0);
  std::vector<double> weights(static_cast<size_t>(axis.taps));
  for (int64_t x = 0; x < out; ++x) {
    const double center = (static_cast<double>(x) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(center - support + 0.5));
    const int64_t count = std::min<int64_t>(in, static_cast<int64_t>(center + support + 0.5)) - first;
    double total = 0;
    for (int64_t k = 0; k < count; ++k) {
      const double distance = std::abs((static_cast<double>(k + first) - center + 0.5) * (1.0 / filter_scale));
      weights[static_cast<size_t>(k)] = distance < 1.0 ? 1.0 - distance : 0.0;
      total += weights[static_cast<size_t>(k)];
    }
    for (int64_t k = 0; k < count; ++k)
      axis.weights[static_cast<size_t>(x * axis.taps + k)] =
          static_cast<int32_t>(0.5 + weights[static_cast<size_t>(k)] / total * (1 << kBits));
    axis.first.push_back(first);
    axis.count.push_back(count);
  }
  return axis;
}

void resize_line(const ResizeAxis& axis, int64_t output, const uint8_t* rows, int64_t stride, int64_t length,
                 uint8_t* out) {
  sum_lines(axis.weights.data() + output * axis.taps, axis.count[static_cast<size_t>(output)], rows, stride, length,
            out);
}

void resize_rows(const ResizeAxis& axis, const uint8_t* in, int64_t rows, int64_t channels, uint8_t* out) {
  for (int64_t row = 0; row < rows; ++row) {
    const uint8_t* from = in + row * axis.in * channels;
    uint8_t* to = out + row * axis.out * channels;
    channels == 3 ? weighted_row<3>(axis, from, to) : weighted_row<1>(axis, from, to);
  }
}

}  // namespace foresee::data
