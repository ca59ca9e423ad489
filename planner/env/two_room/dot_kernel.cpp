// Compiled with -O3 -ffp-contract=off (CMakeLists.txt), once for each vector width; see Note [Dots].
#include "planner/env/two_room/dot_kernel.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "jepa/core/cpu/vector_clones.h"

namespace foresee::planner {
namespace {

constexpr float kLeastAlpha = 0x1p-25f;
constexpr int64_t kBlock = 16;  // pixels worked on together; lines are made whole blocks where the picture allows
constexpr int64_t kLine = 16 * kBlock;

constexpr int64_t whole_blocks(int64_t n) { return (n + kBlock - 1) / kBlock * kBlock; }

float divisor(const Dot& dot) { return static_cast<float>(2.0 * static_cast<double>(dot.radius) * dot.radius); }

// Squared distance to the nearest pixel, where alpha is largest.
float least_squared_distance(const Dot& dot) {
  const auto last = static_cast<float>(dot.size - 1);
  const float s = std::clamp(std::nearbyint(dot.slow), 0.0f, last) - dot.slow;
  const float f = std::clamp(std::nearbyint(dot.fast), 0.0f, last) - dot.fast;
  return s * s + f * f;
}

// Squared distance within which alpha can exceed kLeastAlpha, rounded outwards.
float reach_squared(const Dot& dot) {
  return least_squared_distance(dot) + divisor(dot) * (-std::log(kLeastAlpha)) * 1.0001f + 1.0f;
}

/// exp(x) for x in [-80, 0], rounded to float from a double that is right to 1e-11: Taylor series after removing the
/// multiple of ln 2.
__attribute__((always_inline)) inline float exp_rounded(float x) {
  constexpr double kShift = 0x1.8p52, kLog2e = 1.4426950408889634, kLn2High = 0x1.62e42fee00000p-1,
                   kLn2Low = 0x1.a39ef35793c76p-33;
  const double d = x;
  const double shifted = d * kLog2e + kShift;  // its last bits hold the nearest whole number
  const double n = shifted - kShift;
  const double r = (d - n * kLn2High) - n * kLn2Low;
  double p = r * (1.0 / 362880) + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  // p 2^n; the shift leaves the whole number in the exponent's place
  return static_cast<float>(
      std::bit_cast<double>(std::bit_cast<uint64_t>(p) + (std::bit_cast<uint64_t>(shifted) << 52)));
}

/// a / b for floats, given 1 / b in double: rounds as the division does, since no quotient of floats lies within 2^-49
/// of a rounding border.
__attribute__((always_inline)) inline float divide(float a, double inverse) {
  return static_cast<float>(static_cast<double>(a) * inverse);
}

/// What the pixels of one line share.
struct AlphaLine {
  float fast, slow_squared;  // the dot's centre; the squared distance of the line from it
  double inverse_divisor, inverse_largest;
};

FORESEE_VECTOR_CLONES void alpha_line(AlphaLine line, int64_t begin, int64_t n, float* alpha) {
  const auto first = static_cast<float>(begin);
  const int count = static_cast<int>(n);  // 32 bits: every machine turns them into floats
#pragma omp simd
  for (int i = 0; i < count; ++i) {
    const float d = (first + static_cast<float>(i)) - line.fast;
    const float bell = exp_rounded(divide(-(d * d + line.slow_squared), line.inverse_divisor));
    const float a = divide(bell, line.inverse_largest);
    alpha[i] = a < 1.0f ? a : 1.0f;
  }
}

FORESEE_VECTOR_CLONES void blend_line(const float* alpha, float color, int64_t n, uint8_t* line) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const float blended = static_cast<float>(line[i]) * (1.0f - alpha[i]) + color * alpha[i];
    line[i] = static_cast<uint8_t>(static_cast<int32_t>(blended));
  }
}

}  // namespace

DotBox Dot::box() const {
  if (least_squared_distance(*this) > 80 * divisor(*this)) return {};
  const float reach = std::sqrt(reach_squared(*this)), last = static_cast<float>(size);
  const auto begin = [&](float center) {
    return static_cast<int64_t>(std::clamp(std::floor(center - reach), 0.0f, last));
  };
  const auto end = [&](float center) {
    return static_cast<int64_t>(std::clamp(std::ceil(center + reach) + 1, 0.0f, last));
  };
  DotBox box{begin(slow), end(slow), begin(fast), end(fast)};
  box.fast_end = std::min(size, box.fast_begin + whole_blocks(box.fast_end - box.fast_begin));
  return box;
}

void draw_dot(const Dot& dot, const DotBox& box, uint8_t* planes, int64_t plane_stride, int64_t line_stride) {
  const float reach = reach_squared(dot), least = least_squared_distance(dot);
  const double inverse_divisor = 1.0 / static_cast<double>(divisor(dot));
  const double inverse_largest = 1.0 / static_cast<double>(exp_rounded(divide(-least, inverse_divisor)));
  alignas(64) float alpha[kLine];
  for (int64_t s = box.slow_begin; s < box.slow_end; ++s) {
    const float d = static_cast<float>(s) - dot.slow, d2 = d * d;
    if (d2 > reach) continue;
    const float half = std::sqrt(reach - d2);
    int64_t begin = std::max(box.fast_begin, static_cast<int64_t>(std::floor(dot.fast - half)));
    int64_t end = std::min(box.fast_end, static_cast<int64_t>(std::ceil(dot.fast + half)) + 1);
    if (begin >= end) continue;
    end = std::min(box.fast_end, begin + whole_blocks(end - begin));
    begin = std::max(box.fast_begin, end - whole_blocks(end - begin));
    for (int64_t f = begin; f < end; f += kLine) {
      const int64_t n = std::min(kLine, end - f);
      alpha_line({dot.fast, d2, inverse_divisor, inverse_largest}, f, whole_blocks(n), alpha);
      uint8_t* line = planes + (s - box.slow_begin) * line_stride + (f - box.fast_begin);
      for (int64_t c = 0; c < 3; ++c) blend_line(alpha, dot.color[c], n, line + c * plane_stride);
    }
  }
}

}  // namespace foresee::planner
