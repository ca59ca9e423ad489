#include "jepa/nn/fast/short_attention.h"

#include <ATen/Parallel.h>

#include <bit>
#include <cmath>

#include "jepa/core/cpu/vector_clones.h"
#include "jepa/core/cpu/vector_exp.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/nn/fast/column_sums.h"
#include "jepa/nn/fast/grain.h"
#include "jepa/nn/fast/split_heads.h"

namespace foresee {
namespace {

constexpr int64_t kLongest = 512;  // tokens

// A float's bits as an integer of the same order, and back.
__attribute__((always_inline)) inline int ordered(int bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

// softmax(scale * row) in place.
FORESEE_VECTOR_CLONES void softmax_row(float* row, int64_t n, float scale) {
  int greatest = ordered(std::bit_cast<int>(row[0]));
#pragma omp simd reduction(max : greatest)
  for (int64_t i = 0; i < n; ++i) greatest = std::max(greatest, ordered(std::bit_cast<int>(row[i])));
  const float most = std::bit_cast<float>(ordered(greatest));
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) {
    row[i] = exp_of_minus(scale * (most - row[i]));
    sum += row[i];
  }
  const float share = 1.0f / sum;
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) row[i] *= share;
}

// Of scale * row: gradient of the probabilities to gradient of the scores, in place.
FORESEE_VECTOR_CLONES void softmax_back_row(const float* probabilities, float* gradient, int64_t n, float scale) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += probabilities[i] * gradient[i];
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) gradient[i] = scale * probabilities[i] * (gradient[i] - sum);
}

FORESEE_VECTOR_CLONES void add_row(const float* row, float* sum, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) sum[i] += row[i];
}

struct AttentionShape {
  int64_t batch, tokens, heads, width;

  int64_t head_dim() const { return width / heads; }
  int64_t heads_worth_a_thread() const { return rows_worth_a_thread(tokens * tokens * head_dim() / 4); }
  float scale() const { return 1.0f / std::sqrt(static_cast<float>(head_dim())); }
};

// One head of one sequence in rows of `parts` times the width: part 0 of the joint rows are queries, 1 keys, 2 values.
Tensor head_of(const Tensor& rows, const AttentionShape& s, int64_t parts, int64_t part, int64_t index) {
  const int64_t b = index / s.heads, h = index % s.heads, columns = parts * s.width;
  return rows.as_strided({s.tokens, s.head_dim()}, {columns, 1},
                         rows.storage_offset() + b * s.tokens * columns + part * s.width + h * s.head_dim());
}

// @param probabilities  [B * heads, T, T], filled; undefined: not kept. @returns [rows, width].
Tensor attend_rows(const Tensor& joint, const AttentionShape& s, const Tensor& probabilities) {
  const Tensor out = at::empty({joint.size(0), s.width}, joint.options());
  at::parallel_for(0, s.batch * s.heads, s.heads_worth_a_thread(), [&](int64_t begin, int64_t end) {
    const torch::NoGradGuard no_grad;  // a property of the thread
    const Tensor scratch = probabilities.defined() ? Tensor() : at::empty({s.tokens, s.tokens}, joint.options());
    for (int64_t i = begin; i < end; ++i) {
      Tensor scores = probabilities.defined() ? probabilities.select(0, i) : scratch;
      at::mm_out(scores, head_of(joint, s, 3, 0, i), head_of(joint, s, 3, 1, i).t());
      float* row = scores.data_ptr<float>();
      for (int64_t t = 0; t < s.tokens; ++t, row += s.tokens) softmax_row(row, s.tokens, s.scale());
      Tensor mixed = head_of(out, s, 1, 0, i);
      at::mm_out(mixed, scores, head_of(joint, s, 3, 2, i));
    }
  });
  return out;
}

// @returns the gradient of the joint rows.
Tensor attend_back(const Tensor& joint, const AttentionShape& s, const Tensor& probabilities, const Tensor& gradient) {
  Tensor out = at::empty_like(joint);
  at::parallel_for(0, s.batch * s.heads, s.heads_worth_a_thread(), [&](int64_t begin, int64_t end) {
    const torch::NoGradGuard no_grad;
    Tensor scores = at::empty({s.tokens, s.tokens}, joint.options());
    for (int64_t i = begin; i < end; ++i) {
      const Tensor weights = probabilities.select(0, i), mixed = head_of(gradient, s, 1, 0, i);
      Tensor query = head_of(out, s, 3, 0, i), key = head_of(out, s, 3, 1, i), value = head_of(out, s, 3, 2, i);
      at::mm_out(value, weights.t(), mixed);
      at::mm_out(scores, mixed, head_of(joint, s, 3, 2, i).t());
      const float* p = weights.const_data_ptr<float>();
      float* g = scores.data_ptr<float>();
      for (int64_t t = 0; t < s.tokens; ++t, p += s.tokens, g += s.tokens) softmax_back_row(p, g, s.tokens, s.scale());
      at::mm_out(query, scores, head_of(joint, s, 3, 1, i));
      at::mm_out(key, scores.t(), head_of(joint, s, 3, 0, i));
    }
  });
  return out;
}

struct ShortAttention : torch::autograd::Function<ShortAttention> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const Tensor& bias, int64_t heads, int64_t batch, int64_t tokens) {
    const AttentionShape s{batch, tokens, heads, weight.size(0) / 3};
    const Tensor joint = at::linear(x, weight, bias);
    const Tensor probabilities = at::empty({batch * heads, tokens, tokens}, joint.options());
    context->save_for_backward({x, weight, joint, probabilities});
    context->saved_data["heads"] = heads;
    context->saved_data["batch"] = batch;
    return attend_rows(joint, s, probabilities);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &joint = saved[2], &probabilities = saved[3];
    const AttentionShape s{context->saved_data["batch"].toInt(), probabilities.size(1),
                           context->saved_data["heads"].toInt(), weight.size(0) / 3};
    const Tensor rows = attend_back(joint, s, probabilities, grads[0].contiguous());
    const int64_t columns = rows.size(1);
    const float* data = rows.const_data_ptr<float>();
    torch::autograd::variable_list found(6);
    if (context->needs_input_grad(0)) found[0] = at::mm(rows, weight);
    if (context->needs_input_grad(1)) found[1] = at::mm(rows.t(), x);
    if (context->needs_input_grad(2))
      found[2] = column_sums<float>(rows, rows.size(0), columns,
                                    [&](int64_t row, float* sum) { add_row(data + row * columns, sum, columns); });
    return found;
  }
};

}  // namespace

Tensor short_attention(const Tensor& x, const Affine& qkv, int64_t heads, const Sequences& sequences, Kernel kernel) {
  FORESEE_CHECK(
      x.dim() == 2 && sequences.rows() == x.size(0) && sequences.tokens > 0 && qkv.weight.size(0) % (3 * heads) == 0,
      "expected [{} * {}, width] and queries that {} heads divide, got {} and {}", sequences.batch, sequences.tokens,
      heads, describe(x), describe(qkv.weight));
  FORESEE_CHECK(!sequences.rope, "expected sequences without positions");
  const bool suits = is_plain_cpu_float(x) && sequences.tokens <= kLongest;
  if (!takes_fused(kernel, suits, "float32 on the CPU and at most 512 tokens per sequence", x))
    return attend(split_heads(qkv.linear(x), heads, {&sequences, 1}, {}, kernel).front()).flatten(0, 1);
  const Tensor rows = x.contiguous();
  if (at::GradMode::is_enabled() && (x.requires_grad() || qkv.weight.requires_grad() || qkv.bias.requires_grad()))
    return ShortAttention::apply(rows, qkv.weight, qkv.bias, heads, sequences.batch, sequences.tokens);
  const AttentionShape s{sequences.batch, sequences.tokens, heads, qkv.weight.size(0) / 3};
  return attend_rows(qkv.linear(rows), s, Tensor());
}

}  // namespace foresee
