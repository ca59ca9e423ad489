#include "jepa/nn/residual_norm.h"

#include <bit>
#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/core/vector_clones.h"

namespace foresee {
namespace {

// Rows of a pass; what is null is left out.
struct NormRows {
  float* x;
  const float* branch;
  const uint16_t* half_branch;  // bfloat16
  const float *weight, *bias;
  float* out;
  uint16_t* half_out;  // bfloat16
  int64_t width;
  float eps;
};

float from_half(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

// Round to nearest, ties to even; values of a norm are finite or NaN already, whose upper half stays NaN.
uint16_t to_half(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

FORESEE_VECTOR_CLONES void norm_row(const NormRows& rows, int64_t row) {
  const int64_t d = rows.width;
  float* x = rows.x + row * d;
  if (rows.branch) {
    const float* branch = rows.branch + row * d;
#pragma omp simd
    for (int64_t i = 0; i < d; ++i) x[i] += branch[i];
  } else if (rows.half_branch) {
    const uint16_t* branch = rows.half_branch + row * d;
#pragma omp simd
    for (int64_t i = 0; i < d; ++i) x[i] += from_half(branch[i]);
  }
  float sum = 0, square = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < d; ++i) sum += x[i];
  const float mean = sum / static_cast<float>(d);
#pragma omp simd reduction(+ : square)
  for (int64_t i = 0; i < d; ++i) square += (x[i] - mean) * (x[i] - mean);
  const float scale = 1.0f / std::sqrt(square / static_cast<float>(d) + rows.eps);
  const float *weight = rows.weight, *bias = rows.bias;
  if (rows.out) {
    float* out = rows.out + row * d;
#pragma omp simd
    for (int64_t i = 0; i < d; ++i) out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
  } else {
    uint16_t* out = rows.half_out + row * d;
#pragma omp simd
    for (int64_t i = 0; i < d; ++i) out[i] = to_half((x[i] - mean) * scale * weight[i] + bias[i]);
  }
}

const uint16_t* half_data(const Tensor& t) { return reinterpret_cast<const uint16_t*>(t.const_data_ptr()); }

}  // namespace

Tensor add_and_norm(Tensor& x, const Tensor& branch, const Affine& norm, double eps, at::ScalarType dtype) {
  const torch::NoGradGuard no_grad;
  FORESEE_CHECK(x.scalar_type() == at::kFloat && x.is_contiguous() && x.size(-1) == norm.weight.numel(),
                "expected a contiguous stream float [..., {}], got {}", norm.weight.numel(), describe(x));
  FORESEE_CHECK(dtype == at::kFloat || dtype == at::kBFloat16, "expected float or bfloat16");
  if (!x.is_cpu()) {
    if (branch.defined()) x.add_(branch);
    return norm.layer_norm(x, eps).to(dtype);
  }
  const Tensor added = branch.defined() ? branch.contiguous() : branch,
               out = at::empty(x.sizes(), x.options().dtype(dtype));
  const Tensor weight = norm.weight.to(at::kFloat).contiguous(), bias = norm.bias.to(at::kFloat).contiguous();
  NormRows rows{.x = x.data_ptr<float>(),
                .weight = weight.const_data_ptr<float>(),
                .bias = bias.const_data_ptr<float>(),
                .width = x.size(-1),
                .eps = static_cast<float>(eps)};
  if (added.defined()) {
    FORESEE_CHECK(
        added.sizes() == x.sizes() && (added.scalar_type() == at::kFloat || added.scalar_type() == at::kBFloat16),
        "expected a branch like the stream, got {}", describe(added));
    if (added.scalar_type() == at::kFloat)
      rows.branch = added.const_data_ptr<float>();
    else
      rows.half_branch = half_data(added);
  }
  if (dtype == at::kFloat)
    rows.out = out.data_ptr<float>();
  else
    rows.half_out = reinterpret_cast<uint16_t*>(out.data_ptr());
  at::parallel_for(0, x.numel() / rows.width, 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) norm_row(rows, row);
  });
  return out;
}

}  // namespace foresee
