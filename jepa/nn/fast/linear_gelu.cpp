#include "jepa/nn/fast/linear_gelu.h"

#include <cmath>
#include <numbers>
#include <optional>

#include "jepa/core/cpu/vector_clones.h"
#include "jepa/core/cpu/vector_exp.h"
#include "jepa/core/torch.h"
#include "jepa/nn/fast/column_sums.h"
#include "jepa/nn/fast/grain.h"

namespace foresee {
namespace {

struct GeluAt {
  float value, slope;
};

// x Phi(x) and Phi(x) + x phi(x), with the normal distribution's Phi = (1 + erf(x / sqrt 2)) / 2 and density phi.
__attribute__((always_inline)) inline GeluAt gelu_at(float x) {
  const float z = std::fabs(x) * static_cast<float>(1.0 / std::numbers::sqrt2);
  const float bell = exp_of_minus(z * z), t = 1.0f / (1.0f + 0.3275911f * z);
  const float tail =  // 1 - erf(z)
      t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f)))) * bell;
  const float erf = std::copysign(1.0f - tail, x), phi = 0.5f * (1.0f + erf);
  return {x * phi, phi + x * bell * static_cast<float>(0.5 * std::numbers::inv_sqrtpi * std::numbers::sqrt2)};
}

// out = GELU(h + bias). `slope` (may be h) receives the derivative.
FORESEE_VECTOR_CLONES void gelu_row(const float* h, const float* bias, int64_t d, float* out, float* slope) {
#pragma omp simd
  for (int64_t i = 0; i < d; ++i) {
    const GeluAt at = gelu_at(h[i] + bias[i]);
    out[i] = at.value;
    slope[i] = at.slope;
  }
}

FORESEE_VECTOR_CLONES void gelu_row_in_place(float* h, const float* bias, int64_t d) {
#pragma omp simd
  for (int64_t i = 0; i < d; ++i) h[i] = gelu_at(h[i] + bias[i]).value;
}

FORESEE_VECTOR_CLONES void slope_row(const float* gradient, const float* slope, int64_t d, float* out, float* sums) {
#pragma omp simd
  for (int64_t i = 0; i < d; ++i) {
    out[i] = gradient[i] * slope[i];
    sums[i] += out[i];
  }
}

Tensor bias_of(const Tensor& bias, const Tensor& h) {
  return bias.defined() ? bias.detach().contiguous() : at::zeros({h.size(1)}, h.options());
}

struct LinearGelu : torch::autograd::Function<LinearGelu> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const std::optional<Tensor>& bias) {
    const Tensor rows = x.reshape({-1, x.size(-1)}), h = at::mm(rows, weight.t());
    const Tensor b = bias_of(bias.value_or(Tensor()), h);
    Tensor out = at::empty_like(h);
    const int64_t d = h.size(1);
    float *data = h.data_ptr<float>(), *result = out.data_ptr<float>();
    const float* offsets = b.const_data_ptr<float>();
    at::parallel_for(0, h.size(0), rows_worth_a_thread(d), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) gelu_row(data + i * d, offsets, d, result + i * d, data + i * d);
    });
    context->save_for_backward({rows, weight, h});
    context->saved_data["shape"] = x.sizes().vec();
    context->saved_data["bias"] = bias.has_value();
    auto shape = x.sizes().vec();
    shape.back() = d;
    return out.view(shape);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Tensor &rows = saved[0], &weight = saved[1], &slope = saved[2];
    const Tensor gradient = grads[0].reshape(slope.sizes()).contiguous();
    Tensor inner = at::empty_like(slope);
    const int64_t d = slope.size(1);
    const float *g = gradient.const_data_ptr<float>(), *s = slope.const_data_ptr<float>();
    float* out = inner.data_ptr<float>();
    const Tensor sums = column_sums<float>(slope, slope.size(0), d, [&](int64_t row, float* sum) {
      slope_row(g + row * d, s + row * d, d, out + row * d, sum);
    });
    torch::autograd::variable_list found(3);
    if (context->needs_input_grad(0)) found[0] = at::mm(inner, weight).view(context->saved_data["shape"].toIntVector());
    if (context->needs_input_grad(1)) found[1] = at::mm(inner.t(), rows);
    if (context->saved_data["bias"].toBool()) found[2] = sums;
    return found;
  }
};

}  // namespace

Tensor linear_gelu(const Tensor& x, const Tensor& weight, const Tensor& bias, Kernel kernel) {
  const bool suits = is_plain_cpu_float(x) && weight.scalar_type() == at::kFloat;
  if (!takes_fused(kernel, suits, "float32 on the CPU", x)) return at::gelu(at::linear(x, weight, bias));
  if (at::GradMode::is_enabled() &&
      (x.requires_grad() || weight.requires_grad() || (bias.defined() && bias.requires_grad())))
    return LinearGelu::apply(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
  const Tensor h = at::linear(x, weight), b = bias_of(bias, h.flatten(0, -2));
  const int64_t d = h.size(-1);
  float* data = h.data_ptr<float>();
  const float* offsets = b.const_data_ptr<float>();
  at::parallel_for(0, h.numel() / d, rows_worth_a_thread(d), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) gelu_row_in_place(data + i * d, offsets, d);
  });
  return h;
}

}  // namespace foresee
