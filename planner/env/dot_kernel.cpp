// Compiled with -O3 -ffp-contract=off and once for each vector width (CMakeLists.txt); see Note [Dots].
#include "planner/env/dot_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#if defined(__x86_64__) && defined(__gnu_linux__)
#define FORESEE_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FORESEE_VECTOR_CLONES
#endif

namespace foresee::planner {
namespace {

constexpr float kLeastAlpha = 0x1p-25f;
constexpr int64_t kLine = 256;  // pixels blended at a time

// exp(x) for x in [-80, 0], rounded to float from a double that is right to 1e-12: Taylor series after removing the
// multiple of ln 2. Plain enough that the compiler vectorises it.
inline __attribute__((always_inline)) float exp_rounded(float x) {
  constexpr double kShift = 0x1.8p52, kLog2e = 1.4426950408889634, kLn2High = 0x1.62e42fee00000p-1,
                   kLn2Low = 0x1.a39ef35793c76p-33;
  const double d = x;
  const double shifted = d * kLog2e + kShift;  // its last bits hold the nearest whole number
  const double n = shifted - kShift;
  const double r = (d - n * kLn2High) - n * kLn2Low;
  double p = 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  uint64_t bits, power;
  std::memcpy(&bits, &shifted, sizeof(bits));
  std::memcpy(&power, &p, sizeof(power));
  power += bits << 52;  // p 2^n; the shift leaves the whole number in the exponent's place
  std::memcpy(&p, &power, sizeof(p));
  return static_cast<float>(p);
}

FORESEE_VECTOR_CLONES
void alpha_line(float slow_squared, float fast, float first, float divisor, float largest, int64_t n,
                float* __restrict alpha) {
  for (int64_t i = 0; i < n; ++i) {
    const float d = (first + static_cast<float>(static_cast<int32_t>(i))) - fast;
    const float d2 = d * d + slow_squared;
    const float e = exp_rounded(-d2 / divisor) / largest;
    alpha[i] = e < 1.0f ? e : 1.0f;
  }
}

FORESEE_VECTOR_CLONES
void blend_line(const float* __restrict alpha, float color, int64_t n, uint8_t* __restrict line) {
  for (int64_t i = 0; i < n; ++i) {
    const float before = static_cast<float>(line[i]) * (1.0f - alpha[i]);
    line[i] = static_cast<uint8_t>(static_cast<int32_t>(before + color * alpha[i]));
  }
}

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

}  // namespace

DotBox Dot::box() const {
  if (least_squared_distance(*this) > 80 * divisor(*this)) return {};
  const float reach = std::sqrt(reach_squared(*this));
  const auto begin = [&](float center) {
    return static_cast<int64_t>(std::clamp(std::floor(center - reach), 0.0f, static_cast<float>(size)));
  };
  const auto end = [&](float center) {
    return static_cast<int64_t>(std::clamp(std::ceil(center + reach) + 1, 0.0f, static_cast<float>(size)));
  };
  return {begin(slow), end(slow), begin(fast), end(fast)};
}

void draw_dot(const Dot& dot, const DotBox& box, uint8_t* planes, int64_t plane_stride, int64_t line_stride) {
  const float c = divisor(dot), reach = reach_squared(dot);
  const float largest = exp_rounded(-least_squared_distance(dot) / c);
  float alpha[kLine];
  for (int64_t s = box.slow_begin; s < box.slow_end; ++s) {
    const float d = static_cast<float>(s) - dot.slow;
    const float d2 = d * d;
    if (d2 > reach) continue;
    const float half = std::sqrt(reach - d2);
    const auto begin = std::max(box.fast_begin, static_cast<int64_t>(std::floor(dot.fast - half)));
    const auto end = std::min(box.fast_end, static_cast<int64_t>(std::ceil(dot.fast + half)) + 1);
    for (int64_t f = begin; f < end; f += kLine) {
      const int64_t n = std::min(kLine, end - f);
      alpha_line(d2, dot.fast, static_cast<float>(f), c, largest, n, alpha);
      uint8_t* line = planes + (s - box.slow_begin) * line_stride + (f - box.fast_begin);
      for (int64_t i = 0; i < 3; ++i) blend_line(alpha, dot.color[i], n, line + i * plane_stride);
    }
  }
}

}  // namespace foresee::planner
