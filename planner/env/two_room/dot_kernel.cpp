// Compiled with -O3 -ffp-contract=off (CMakeLists.txt), once for each vector width; see Note [Dots].
#include "planner/env/two_room/dot_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstring>

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

namespace plain {
#include "planner/env/two_room/dot_kernel.inc"
}
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FORESEE_WIDER_VECTORS
#pragma GCC push_options
#pragma GCC target("avx2")
namespace avx2 {
#include "planner/env/two_room/dot_kernel.inc"
}
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq")
namespace avx512 {
#include "planner/env/two_room/dot_kernel.inc"
}
#pragma GCC pop_options
#endif

decltype(&plain::draw) fastest_draw() {
#ifdef FORESEE_WIDER_VECTORS
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return avx512::draw;
  if (__builtin_cpu_supports("avx2")) return avx2::draw;
#endif
  return plain::draw;
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
  static const auto kDraw = fastest_draw();
  kDraw(dot, box, planes, plane_stride, line_stride);
}

}  // namespace foresee::planner
