#include "jepa/nn/fast/residual_norm.h"

#include <bit>
#include <cmath>

#include "jepa/core/cpu/vector_clones.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/nn/fast/column_sums.h"
#include "jepa/nn/fast/grain.h"

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

// stream = x + branch + bias and its norm; mean and 1 / deviation are kept for backward.
struct ResidualRows {
  const float *x, *branch, *branch_bias, *weight, *bias;
  float *stream, *out, *mean, *scale;
  int64_t width;
  float eps;
};

FORESEE_VECTOR_CLONES void residual_row(const ResidualRows& rows, int64_t row) {
  const int64_t d = rows.width;
  const float *x = rows.x + row * d, *branch = rows.branch + row * d, *added = rows.branch_bias;
  const float *weight = rows.weight, *bias = rows.bias;
  float *stream = rows.stream + row * d, *out = rows.out + row * d;
  float sum = 0, square = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < d; ++i) {
    stream[i] = x[i] + (branch[i] + added[i]);
    sum += stream[i];
  }
  const float mean = sum / static_cast<float>(d);
#pragma omp simd reduction(+ : square)
  for (int64_t i = 0; i < d; ++i) square += (stream[i] - mean) * (stream[i] - mean);
  const float scale = 1.0f / std::sqrt(square / static_cast<float>(d) + rows.eps);
#pragma omp simd
  for (int64_t i = 0; i < d; ++i) out[i] = (stream[i] - mean) * scale * weight[i] + bias[i];
  rows.mean[row] = mean;
  rows.scale[row] = scale;
}

struct ResidualBackRows {
  const float *stream_gradient, *normed_gradient;
  const float *stream, *mean, *scale, *weight;
  float* out;  // gradient of x and of branch
  int64_t width;
};

// With y the standardised row and g the gradient behind the weight, LayerNorm's gradient is
//   scale (g - mean(g) - y mean(g y)).
// @param sums  [3 * width]: of the norm's weight, of its bias, of the branch's bias.
FORESEE_VECTOR_CLONES void residual_back_row(const ResidualBackRows& rows, int64_t row, float* sums) {
  const int64_t d = rows.width;
  const float *stream = rows.stream + row * d, *weight = rows.weight;
  const float *stream_gradient = rows.stream_gradient + row * d, *normed_gradient = rows.normed_gradient + row * d;
  const float mean = rows.mean[row], scale = rows.scale[row];
  float *out = rows.out + row * d, *weight_sum = sums, *bias_sum = sums + d, *branch_sum = sums + 2 * d;
  float sum = 0, product = 0;
#pragma omp simd reduction(+ : sum, product)
  for (int64_t i = 0; i < d; ++i) {
    const float y = (stream[i] - mean) * scale, g = normed_gradient[i] * weight[i];
    sum += g;
    product += g * y;
    weight_sum[i] += normed_gradient[i] * y;
    bias_sum[i] += normed_gradient[i];
  }
  sum /= static_cast<float>(d);
  product /= static_cast<float>(d);
#pragma omp simd
  for (int64_t i = 0; i < d; ++i) {
    const float y = (stream[i] - mean) * scale;
    out[i] = stream_gradient[i] + scale * (normed_gradient[i] * weight[i] - sum - y * product);
    branch_sum[i] += out[i];
  }
}

struct ResidualNormFunction : torch::autograd::Function<ResidualNormFunction> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const Tensor& x,
                                                const Tensor& branch, const Tensor& branch_bias, const Tensor& weight,
                                                const Tensor& bias, double eps) {
    const Tensor from = x.contiguous(), added = branch.contiguous(), constant = branch_bias.contiguous(),
                 gain = weight.contiguous(), offset = bias.contiguous();
    const Tensor stream = at::empty_like(from), out = at::empty_like(from), mean = at::empty({x.size(0)}, x.options()),
                 scale = at::empty_like(mean);
    const ResidualRows rows{.x = from.const_data_ptr<float>(),
                            .branch = added.const_data_ptr<float>(),
                            .branch_bias = constant.const_data_ptr<float>(),
                            .weight = gain.const_data_ptr<float>(),
                            .bias = offset.const_data_ptr<float>(),
                            .stream = stream.data_ptr<float>(),
                            .out = out.data_ptr<float>(),
                            .mean = mean.data_ptr<float>(),
                            .scale = scale.data_ptr<float>(),
                            .width = x.size(1),
                            .eps = static_cast<float>(eps)};
    at::parallel_for(0, x.size(0), rows_worth_a_thread(rows.width), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) residual_row(rows, row);
    });
    context->save_for_backward({stream, mean, scale, gain});
    context->set_materialize_grads(false);
    return {stream, out};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Tensor& stream = saved[0];
    if (!grads[1].defined()) {  // nothing read the norm
      if (!grads[0].defined()) return torch::autograd::variable_list(6);
      return {grads[0], grads[0], grads[0].sum(0), Tensor(), Tensor(), Tensor()};
    }
    const Tensor normed = grads[1].contiguous();
    const Tensor direct = grads[0].defined() ? grads[0].contiguous() : at::zeros_like(stream);  // a last block's
    const Tensor out = at::empty_like(stream);
    const int64_t d = stream.size(1);
    const ResidualBackRows rows{.stream_gradient = direct.const_data_ptr<float>(),
                                .normed_gradient = normed.const_data_ptr<float>(),
                                .stream = stream.const_data_ptr<float>(),
                                .mean = saved[1].const_data_ptr<float>(),
                                .scale = saved[2].const_data_ptr<float>(),
                                .weight = saved[3].const_data_ptr<float>(),
                                .out = out.data_ptr<float>(),
                                .width = d};
    const Tensor sums = column_sums<float>(stream, stream.size(0), 3 * d,
                                           [&](int64_t row, float* sum) { residual_back_row(rows, row, sum); });
    return {out, out, sums.slice(0, 2 * d), sums.slice(0, 0, d), sums.slice(0, d, 2 * d), Tensor()};
  }
};

const uint16_t* half_data(const Tensor& t) { return reinterpret_cast<const uint16_t*>(t.const_data_ptr()); }

}  // namespace

Tensor add_and_norm(Tensor& x, const Tensor& branch, const Affine& norm, double eps, at::ScalarType dtype,
                    Kernel kernel) {
  const torch::NoGradGuard no_grad;
  FORESEE_CHECK(x.scalar_type() == at::kFloat && x.is_contiguous() && x.size(-1) == norm.weight.numel(),
                "expected a contiguous stream float [..., {}], got {}", norm.weight.numel(), describe(x));
  FORESEE_CHECK(dtype == at::kFloat || dtype == at::kBFloat16, "expected float or bfloat16");
  if (!takes_fused(kernel, x.is_cpu(), "a stream on the CPU", x)) {
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
  at::parallel_for(0, x.numel() / rows.width, rows_worth_a_thread(rows.width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) norm_row(rows, row);
  });
  return out;
}

ResidualNorm residual_norm(const Tensor& x, const Tensor& branch, const Tensor& bias, const Affine& norm, double eps,
                           Kernel kernel) {
  FORESEE_CHECK(x.dim() == 2 && branch.sizes() == x.sizes() && x.size(1) == norm.weight.numel(),
                "expected a stream and a branch [rows, {}], got {} and {}", norm.weight.numel(), describe(x),
                describe(branch));
  const bool suits =
      is_plain_cpu_float(x) && branch.scalar_type() == at::kFloat && norm.weight.scalar_type() == at::kFloat;
  if (!takes_fused(kernel, suits, "float32 on the CPU", x)) {
    const Tensor stream = x + (branch + bias);
    return {stream, norm.layer_norm(stream, eps)};
  }
  const auto both = ResidualNormFunction::apply(x, branch, bias, norm.weight, norm.bias, eps);
  return {both[0], both[1]};
}

}  // namespace foresee
