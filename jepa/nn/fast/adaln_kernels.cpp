#include "jepa/nn/fast/adaln_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "jepa/core/cpu/vector_clones.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/nn/adaln.h"
#include "jepa/nn/qkv.h"

namespace foresee {
namespace {

constexpr size_t kMaxKeys = 16;

FORESEE_VECTOR_CLONES void modulated_norm_row(const float* x, const float* shift, const float* scale,
                                              const float* weight, const float* bias, int64_t d, float* out) {
  float sum = 0, square = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < d; ++i) sum += x[i];
  float mean = sum / static_cast<float>(d);
#pragma omp simd reduction(+ : square)
  for (int64_t i = 0; i < d; ++i) square += (x[i] - mean) * (x[i] - mean);
  float inverse = 1.0f / std::sqrt(square / static_cast<float>(d) + static_cast<float>(kAdaLnEps));
  sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < d; ++i) {
    out[i] = (x[i] - mean) * inverse * (1.0f + scale[i]) + shift[i];
    sum += out[i];
  }
  if (!weight) return;
  mean = sum / static_cast<float>(d);
  square = 0;
#pragma omp simd reduction(+ : square)
  for (int64_t i = 0; i < d; ++i) square += (out[i] - mean) * (out[i] - mean);
  inverse = 1.0f / std::sqrt(square / static_cast<float>(d) + static_cast<float>(kAdaLnInnerEps));
#pragma omp simd
  for (int64_t i = 0; i < d; ++i) out[i] = (out[i] - mean) * inverse * weight[i] + bias[i];
}

FORESEE_VECTOR_CLONES void gated_add_row(float* x, const float* gate, const float* h, int64_t d) {
#pragma omp simd
  for (int64_t i = 0; i < d; ++i) x[i] += gate[i] * h[i];
}

FORESEE_VECTOR_CLONES void attend_row(const float* query, const float* const* keys, const float* const* values,
                                      size_t count, int64_t heads, int64_t d, float* out) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  for (int64_t h = 0; h < heads; ++h) {
    std::array<float, kMaxKeys> weight;
    float highest = -INFINITY, total = 0;
    for (size_t t = 0; t < count; ++t) {
      const float *q = query + h * d, *k = keys[t] + h * d;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t i = 0; i < d; ++i) sum += q[i] * k[i];
      weight[t] = sum * scale;
      highest = std::max(highest, weight[t]);
    }
    for (size_t t = 0; t < count; ++t) total += weight[t] = std::exp(weight[t] - highest);
    float* to = out + h * d;
    for (int64_t i = 0; i < d; ++i) to[i] = 0;
    for (size_t t = 0; t < count; ++t) {
      const float w = weight[t] / total;
      const float* v = values[t] + h * d;
#pragma omp simd
      for (int64_t i = 0; i < d; ++i) to[i] += w * v[i];
    }
  }
}

const float* row(const Tensor& x, int64_t n) { return x.const_data_ptr<float>() + n * x.stride(0); }

bool has_float_rows(const Tensor& x) {
  return x.is_cpu() && x.scalar_type() == at::kFloat && x.dim() == 2 && x.stride(1) == 1;
}

constexpr const char* kFloatRows = "contiguous rows of float32 on the CPU";

// Float [N, heads * d] of each of `tokens` -> [N, heads, tokens, d].
Tensor heads_of(std::span<const Tensor> tokens, int64_t heads) {
  return at::stack(at::TensorList(tokens.data(), tokens.size()), 1).unflatten(2, {heads, -1}).transpose(1, 2);
}

}  // namespace

void modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale, const Affine& norm, Tensor& out,
                    Kernel kernel) {
  const bool inner = norm.weight.defined();
  const bool suits = has_float_rows(x) && has_float_rows(shift) && has_float_rows(scale) && has_float_rows(out) &&
                     (!inner || (norm.weight.is_contiguous() && norm.bias.is_contiguous()));
  if (!takes_fused(kernel, suits, kFloatRows, x)) {
    out.copy_(modulate(x, shift, scale, norm));
    return;
  }
  const float* const w = inner ? norm.weight.const_data_ptr<float>() : nullptr;
  const float* const b = inner ? norm.bias.const_data_ptr<float>() : nullptr;
  for (int64_t n = 0; n < x.size(0); ++n)
    modulated_norm_row(row(x, n), row(shift, n), row(scale, n), w, b, x.size(1),
                       out.data_ptr<float>() + n * out.stride(0));
}

void gated_add(Tensor& x, const Tensor& gate, const Tensor& h, Kernel kernel) {
  if (!takes_fused(kernel, has_float_rows(x) && has_float_rows(gate) && has_float_rows(h), kFloatRows, x)) {
    x.addcmul_(gate, h);
    return;
  }
  for (int64_t n = 0; n < x.size(0); ++n)
    gated_add_row(x.data_ptr<float>() + n * x.stride(0), row(gate, n), row(h, n), x.size(1));
}

void attend_to_few(const Tensor& query, std::span<const Tensor> keys, std::span<const Tensor> values, int64_t heads,
                   Tensor& out, Kernel kernel) {
  FORESEE_CHECK(!keys.empty() && keys.size() == values.size(), "expected keys and as many values, got {} and {}",
                keys.size(), values.size());
  const bool suits = keys.size() <= kMaxKeys && has_float_rows(query) && has_float_rows(out) &&
                     std::all_of(keys.begin(), keys.end(), has_float_rows) &&
                     std::all_of(values.begin(), values.end(), has_float_rows);
  if (!takes_fused(kernel, suits, kFloatRows, query)) {
    out.copy_(attend({heads_of({&query, 1}, heads), heads_of(keys, heads), heads_of(values, heads)}).select(1, 0));
    return;
  }
  std::array<const float*, kMaxKeys> k, v;
  for (int64_t n = 0; n < query.size(0); ++n) {
    for (size_t t = 0; t < keys.size(); ++t) {
      k[t] = row(keys[t], n);
      v[t] = row(values[t], n);
    }
    attend_row(row(query, n), k.data(), v.data(), keys.size(), heads, query.size(1) / heads,
               out.data_ptr<float>() + n * out.stride(0));
  }
}

}  // namespace foresee
