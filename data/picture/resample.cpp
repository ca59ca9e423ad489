// Compiled with -O3 and once for each vector width, without contraction to fused multiply-adds (CMakeLists.txt): every
// machine gives the same bits.
#include "data/picture/resample.h"

#include <algorithm>
#include <cmath>

#include "jepa/core/cpu/vector_clones.h"

namespace foresee::data {
namespace {

void set_input_range(ResampleAxis& axis) {
  axis.begin = *std::min_element(axis.first.begin(), axis.first.end());
  axis.end = *std::max_element(axis.first.begin(), axis.first.end()) + axis.taps;
}

FORESEE_VECTOR_CLONES
void blend_two(const uint8_t* a, const uint8_t* b, float weight_a, float weight_b, int64_t length, float* line) {
  for (int64_t i = 0; i < length; ++i)
    line[i] = weight_a * static_cast<float>(a[i]) + weight_b * static_cast<float>(b[i]);
}

FORESEE_VECTOR_CLONES
void blend(const uint8_t* rows, int64_t stride, const float* weights, int64_t taps, int64_t length, float* line) {
  for (int64_t i = 0; i < length; ++i) line[i] = weights[0] * static_cast<float>(rows[i]);
  for (int64_t k = 1; k < taps; ++k)
    for (int64_t i = 0; i < length; ++i) line[i] += weights[k] * static_cast<float>(rows[k * stride + i]);
}

FORESEE_VECTOR_CLONES
void map_line(float* out, int64_t length, PixelMap map) {
  if (map.round)
    for (int64_t i = 0; i < length; ++i) out[i] = std::min(255.0f, std::max(0.0f, std::nearbyint(out[i])));
  for (int64_t i = 0; i < length; ++i) out[i] = out[i] * map.scale + map.shift;
}

// One output line from a blended input line whose first element is input columns.begin.
void gather(const ResampleAxis& columns, const float* line, float* out) {
  const int64_t size = columns.size(), taps = columns.taps;
  const float* weights = columns.weights.data();
  const int64_t* first = columns.first.data();
  if (taps == 2) {
    for (int64_t x = 0; x < size; ++x) {
      const float* at = line + first[x] - columns.begin;
      out[x] = weights[2 * x] * at[0] + weights[2 * x + 1] * at[1];
    }
    return;
  }
  for (int64_t x = 0; x < size; ++x) {
    const float* at = line + first[x] - columns.begin;
    float sum = 0;
    for (int64_t k = 0; k < taps; ++k) sum += weights[x * taps + k] * at[k];
    out[x] = sum;
  }
}

}  // namespace

ResampleAxis bilinear_axis(int64_t in, int64_t out, bool antialias) {
  ResampleAxis axis;
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  const float reach = antialias ? std::max(scale, 1.0f) : 1.0f;  // half the triangle's base
  axis.taps = std::min<int64_t>(in, antialias ? 2 * static_cast<int64_t>(std::ceil(reach)) + 1 : 2);
  axis.first.resize(static_cast<size_t>(out));
  axis.weights.assign(static_cast<size_t>(out * axis.taps), 0.0f);
  for (int64_t x = 0; x < out; ++x) {
    float* weights = axis.weights.data() + x * axis.taps;
    int64_t& first = axis.first[static_cast<size_t>(x)];
    if (!antialias) {
      const float at = std::max(0.0f, scale * (static_cast<float>(x) + 0.5f) - 0.5f);
      const int64_t left = std::min(static_cast<int64_t>(at), in - 1);
      const float toward_right = std::min(1.0f, at - static_cast<float>(left));
      first = std::min(left, in - axis.taps);
      if (left > first) {
        weights[left - first] = 1.0f;  // the last input, repeated to its right
      } else {
        weights[0] = axis.taps == 1 ? 1.0f : 1.0f - toward_right;
        if (axis.taps == 2) weights[1] = toward_right;
      }
      continue;
    }
    const float centre = scale * (static_cast<float>(x) + 0.5f);
    const int64_t begin = std::max<int64_t>(static_cast<int64_t>(centre - reach + 0.5f), 0);
    const int64_t end = std::min(static_cast<int64_t>(centre + reach + 0.5f), in);
    first = std::min(begin, in - axis.taps);
    float total = 0;
    for (int64_t i = begin; i < end; ++i) {
      const float distance = std::abs((static_cast<float>(i) - centre + 0.5f) / reach);
      total += weights[i - first] = std::max(0.0f, 1.0f - distance);
    }
    for (int64_t k = 0; k < axis.taps; ++k) weights[k] /= total;
  }
  set_input_range(axis);
  return axis;
}

ResampleAxis window(const ResampleAxis& axis, int64_t start, int64_t count) {
  ResampleAxis part{.taps = axis.taps};
  part.first.assign(axis.first.begin() + start, axis.first.begin() + start + count);
  part.weights.assign(axis.weights.begin() + start * axis.taps, axis.weights.begin() + (start + count) * axis.taps);
  set_input_range(part);
  return part;
}

ResampleAxis mirrored(const ResampleAxis& axis) {
  ResampleAxis mirror = axis;
  std::reverse(mirror.first.begin(), mirror.first.end());
  for (int64_t x = 0; x < axis.size(); ++x)
    std::copy_n(axis.weights.begin() + x * axis.taps, axis.taps,
                mirror.weights.begin() + (axis.size() - 1 - x) * axis.taps);
  return mirror;
}

ResampleAxis shifted(const ResampleAxis& axis, int64_t offset) {
  ResampleAxis moved = axis;
  for (int64_t& first : moved.first) first += offset;
  moved.begin += offset;
  moved.end += offset;
  return moved;
}

void resample_plane(const uint8_t* in, int64_t stride, const ResampleAxis& rows, const ResampleAxis& columns,
                    const PixelMap& map, float* out) {
  const int64_t length = columns.end - columns.begin, width = columns.size();
  std::vector<float> line(static_cast<size_t>(length));
  for (int64_t y = 0; y < rows.size(); ++y) {
    const uint8_t* first = in + rows.first[static_cast<size_t>(y)] * stride + columns.begin;
    const float* weights = rows.weights.data() + y * rows.taps;
    if (rows.taps == 2)
      blend_two(first, first + stride, weights[0], weights[1], length, line.data());
    else
      blend(first, stride, weights, rows.taps, length, line.data());
    gather(columns, line.data(), out + y * width);
    map_line(out + y * width, width, map);
  }
}

}  // namespace foresee::data
