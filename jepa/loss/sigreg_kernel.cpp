#include "jepa/loss/sigreg_kernel.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "jepa/core/cpu/vector_clones.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

// Note [Angle addition]
// The knots are equally spaced, so cos and sin of t_k p follow from those of dt p by
//   cos((k+1) x) = cos(kx) cos x - sin(kx) sin x,  sin((k+1) x) = sin(kx) cos x + cos(kx) sin x:
// four multiplications a knot instead of a sine and a cosine. Rounding grows linearly, about k * 1e-7.
// A strip of kStrip neighbouring projections is one vector; one thread owns a strip over all samples, so the order of
// every sum is fixed.
constexpr int64_t kStrip = 16, kMaxKnots = 64;

// c, s: first sample of a full strip; `stride` floats from sample to sample; sums [knots, 2, kStrip].
FORESEE_VECTOR_CLONES void sum_strip(const float* c, const float* s, int64_t samples, int64_t stride, int64_t knots,
                                     float* sums) {
  for (int64_t n = 0; n < samples; ++n) {
    float c1[kStrip], s1[kStrip], ck[kStrip], sk[kStrip];
    for (int64_t j = 0; j < kStrip; ++j) {
      c1[j] = c[n * stride + j];
      s1[j] = s[n * stride + j];
      ck[j] = 1.0f;
      sk[j] = 0.0f;
    }
    for (int64_t k = 0; k < knots; ++k) {
      float* to = sums + k * 2 * kStrip;
#pragma omp simd
      for (int64_t j = 0; j < kStrip; ++j) {
        to[j] += ck[j];
        to[kStrip + j] += sk[j];
        const float next = ck[j] * c1[j] - sk[j] * s1[j];
        sk[j] = sk[j] * c1[j] + ck[j] * s1[j];
        ck[j] = next;
      }
    }
  }
}

FORESEE_VECTOR_CLONES void gradient_strip(const float* c, const float* s, int64_t samples, int64_t stride,
                                          int64_t knots, const float* coefficients, float* out) {
  for (int64_t n = 0; n < samples; ++n) {
    float c1[kStrip], s1[kStrip], ck[kStrip], sk[kStrip], sum[kStrip];
    for (int64_t j = 0; j < kStrip; ++j) {
      c1[j] = c[n * stride + j];
      s1[j] = s[n * stride + j];
      ck[j] = 1.0f;
      sk[j] = 0.0f;
      sum[j] = 0.0f;
    }
    for (int64_t k = 0; k < knots; ++k) {
      const float* ab = coefficients + k * 2 * kStrip;
#pragma omp simd
      for (int64_t j = 0; j < kStrip; ++j) {
        sum[j] += ab[kStrip + j] * ck[j] - ab[j] * sk[j];
        const float next = ck[j] * c1[j] - sk[j] * s1[j];
        sk[j] = sk[j] * c1[j] + ck[j] * s1[j];
        ck[j] = next;
      }
    }
    for (int64_t j = 0; j < kStrip; ++j) out[n * stride + j] = sum[j];
  }
}

/// Calls visit(t, m) for every group and every strip that begins at projection m.
template <class Visit>
void for_each_strip(int64_t groups, int64_t projections, const Visit& visit) {
  const int64_t strips = projections / kStrip;
  at::parallel_for(0, groups * strips, 4, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) visit(i / strips, i % strips * kStrip);
  });
}

}  // namespace

Tensor empirical_characteristic(const Tensor& c, const Tensor& s, int64_t knots) {
  const int64_t groups = c.size(0), samples = c.size(1), m = c.size(2);
  FORESEE_CHECK(m % kStrip == 0 && knots <= kMaxKnots, "expected projections in strips of {}, got {}", kStrip, m);
  Tensor out = at::empty({groups, knots, 2, m}, c.options());
  const float *cosines = c.const_data_ptr<float>(), *sines = s.const_data_ptr<float>();
  float* to = out.data_ptr<float>();
  for_each_strip(groups, m, [&](int64_t t, int64_t first) {
    float sums[kMaxKnots * 2 * kStrip] = {};
    sum_strip(cosines + t * samples * m + first, sines + t * samples * m + first, samples, m, knots, sums);
    for (int64_t k = 0; k < knots * 2; ++k)
      for (int64_t j = 0; j < kStrip; ++j)
        to[(t * knots * 2 + k) * m + first + j] = sums[k * kStrip + j] / static_cast<float>(samples);
  });
  return out;
}

Tensor characteristic_gradient(const Tensor& c, const Tensor& s, const Tensor& coefficients) {
  const int64_t groups = c.size(0), samples = c.size(1), m = c.size(2), knots = coefficients.size(1);
  Tensor out = at::empty_like(c);
  const float *cosines = c.const_data_ptr<float>(), *sines = s.const_data_ptr<float>();
  const float* from = coefficients.const_data_ptr<float>();
  float* to = out.data_ptr<float>();
  for_each_strip(groups, m, [&](int64_t t, int64_t first) {
    float strip[kMaxKnots * 2 * kStrip];
    for (int64_t k = 0; k < knots * 2; ++k)
      std::copy_n(from + (t * knots * 2 + k) * m + first, kStrip, strip + k * kStrip);
    const int64_t offset = t * samples * m + first;
    gradient_strip(cosines + offset, sines + offset, samples, m, knots, strip, to + offset);
  });
  return out;
}

}  // namespace foresee
