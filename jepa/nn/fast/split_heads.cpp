#include "jepa/nn/fast/split_heads.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/nn/fast/column_sums.h"
#include "jepa/nn/fast/grain.h"

namespace foresee {
namespace {

struct Shape {
  int64_t batch, tokens, heads, head_dim, rotated;
  int64_t table_stride;  // between the tables of two samples; 0: shared

  int64_t width() const { return heads * head_dim; }
};

// Turns one head of one token, or takes the turn's gradient back to its input.
template <class T, class A>
void turn(const T* x, const A* cos, const A* sin, T* out, const Shape& s) {
  for (int64_t j = 0; j < s.rotated; j += 2) {
    const A a = static_cast<A>(x[j]), b = static_cast<A>(x[j + 1]);
    out[j] = static_cast<T>(a * cos[j] + b * sin[j]);
    out[j + 1] = static_cast<T>(b * cos[j + 1] + a * sin[j + 1]);
  }
  for (int64_t j = s.rotated; j < s.head_dim; ++j) out[j] = x[j];
}

template <class T>
void turn_back(const T* g, const T* cos, const T* sin, T* out, const Shape& s) {
  for (int64_t j = 0; j < s.rotated; j += 2) {
    out[j] = g[j] * cos[j] + g[j + 1] * sin[j + 1];
    out[j + 1] = g[j + 1] * cos[j + 1] + g[j] * sin[j];
  }
  for (int64_t j = s.rotated; j < s.head_dim; ++j) out[j] = g[j];
}

// Offsets of a token in [B, heads, N, head_dim] (of head 0) and in the angles.
struct Place {
  int64_t token, angles;
};
Place place_of(const Shape& s, int64_t row) {
  const int64_t b = row / s.tokens, n = row % s.tokens;
  return {(b * s.heads * s.tokens + n) * s.head_dim, b * s.table_stride + n * s.head_dim};
}

// A gradient [B, heads, N, head_dim] as the attention leaves it: heads and tokens in either order.
template <class T>
struct HeadRows {
  explicit HeadRows(const Tensor& gradient)
      : held(gradient.stride(3) == 1 ? gradient : gradient.contiguous()), data(held.const_data_ptr<T>()) {}
  const T* at(int64_t b, int64_t n, int64_t h) const {
    return data + b * held.stride(0) + h * held.stride(1) + n * held.stride(2);
  }

  Tensor held;
  const T* data;
};

// A: type of the angles and the arithmetic. `bias` [3 * width] is added first, where there is one.
template <class T, class A>
void split(const Shape& s, const T* qkv, const T* bias, const A* cos, const A* sin, T* q, T* k, T* v) {
  const int64_t columns = 3 * s.width();
  at::parallel_for(0, s.batch * s.tokens, rows_worth_a_thread(columns), [&](int64_t begin, int64_t end) {
    std::vector<T> sum(bias ? static_cast<size_t>(columns) : 0);
    for (int64_t row = begin; row < end; ++row) {
      const auto [token, angles] = place_of(s, row);
      const T* joint = qkv + row * columns;
      if (bias) {
        for (int64_t j = 0; j < columns; ++j) sum[static_cast<size_t>(j)] = joint[j] + bias[j];
        joint = sum.data();
      }
      for (int64_t h = 0; h < s.heads; ++h) {
        const T* x = joint + h * s.head_dim;
        const int64_t out = token + h * s.tokens * s.head_dim;
        turn(x, cos + angles, sin + angles, q + out, s);
        turn(x + s.width(), cos + angles, sin + angles, k + out, s);
        std::memcpy(v + out, x + 2 * s.width(), sizeof(T) * static_cast<size_t>(s.head_dim));
      }
    }
  });
}

// @returns the sums over all rows, which are the gradient of the bias.
template <class T>
Tensor merge(const Shape& s, const Tensor& like, const HeadRows<T>& q, const HeadRows<T>& k, const HeadRows<T>& v,
             const T* cos, const T* sin, T* qkv) {
  const int64_t columns = 3 * s.width();
  return column_sums<T>(like, s.batch * s.tokens, columns, [&](int64_t row, T* sum) {
    const int64_t b = row / s.tokens, n = row % s.tokens, angles = place_of(s, row).angles;
    T* joint = qkv + row * columns;
    for (int64_t h = 0; h < s.heads; ++h) {
      T* x = joint + h * s.head_dim;
      turn_back(q.at(b, n, h), cos + angles, sin + angles, x, s);
      turn_back(k.at(b, n, h), cos + angles, sin + angles, x + s.width(), s);
      std::memcpy(x + 2 * s.width(), v.at(b, n, h), sizeof(T) * static_cast<size_t>(s.head_dim));
    }
    for (int64_t j = 0; j < columns; ++j) sum[j] += joint[j];
  });
}

Shape shape_of(const Sequences& sequences, int64_t heads, int64_t width, const Tensor& cos) {
  const int64_t head_dim = width / heads;
  return {sequences.batch, sequences.tokens,           heads,
          head_dim,        rotated_channels(head_dim), cos.dim() == 3 ? sequences.tokens * head_dim : 0};
}

Qkv empty_heads(const Shape& s, const at::TensorOptions& options) {
  const auto make = [&] { return at::empty({s.batch, s.heads, s.tokens, s.head_dim}, options); };
  return {make(), make(), make()};
}

struct SplitHeads : torch::autograd::Function<SplitHeads> {
  // One cosine and one sine of each batch of sequences. @returns query, key and value of each.
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const Tensor& joint,
                                                const std::optional<Tensor>& bias, int64_t heads,
                                                const std::vector<Sequences>& sequences,
                                                const std::vector<Tensor>& angles) {
    context->save_for_backward(angles);
    context->saved_data["bias"] = bias.has_value();
    const Tensor qkv = joint.contiguous(), added = bias ? bias->contiguous() : Tensor();
    torch::autograd::variable_list out;
    AT_DISPATCH_FLOATING_TYPES(qkv.scalar_type(), "split_heads", [&] {
      const scalar_t* row = qkv.const_data_ptr<scalar_t>();
      for (size_t i = 0; i < sequences.size(); ++i) {
        const Tensor &cos = angles[2 * i], &sin = angles[2 * i + 1];
        const Shape s = shape_of(sequences[i], heads, qkv.size(1) / 3, cos);
        const auto [q, k, v] = empty_heads(s, qkv.options());
        split(s, row, added.defined() ? added.const_data_ptr<scalar_t>() : nullptr, cos.const_data_ptr<scalar_t>(),
              sin.const_data_ptr<scalar_t>(), q.data_ptr<scalar_t>(), k.data_ptr<scalar_t>(), v.data_ptr<scalar_t>());
        row += sequences[i].rows() * qkv.size(1);
        out.insert(out.end(), {q, k, v});
      }
    });
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto angles = context->get_saved_variables();
    int64_t rows = 0;
    for (size_t i = 0; i < grads.size(); i += 3) rows += grads[i].size(0) * grads[i].size(2);
    const int64_t heads = grads[0].size(1), width = heads * grads[0].size(3);
    Tensor joint = at::empty({rows, 3 * width}, grads[0].options()), sums;
    AT_DISPATCH_FLOATING_TYPES(joint.scalar_type(), "merge_heads", [&] {
      scalar_t* row = joint.data_ptr<scalar_t>();
      for (size_t i = 0; i < grads.size(); i += 3) {
        const HeadRows<scalar_t> q(grads[i]), k(grads[i + 1]), v(grads[i + 2]);
        const Tensor &cos = angles[i / 3 * 2], &sin = angles[i / 3 * 2 + 1];
        const Shape s = shape_of({.batch = grads[i].size(0), .tokens = grads[i].size(2)}, heads, width, cos);
        const Tensor found =
            merge(s, joint, q, k, v, cos.const_data_ptr<scalar_t>(), sin.const_data_ptr<scalar_t>(), row);
        sums = sums.defined() ? sums + found : found;
        row += s.batch * s.tokens * joint.size(1);
      }
    });
    torch::autograd::variable_list gradients(4 + angles.size());
    gradients[0] = joint;
    if (context->saved_data["bias"].toBool()) gradients[1] = sums;
    return gradients;
  }
};

// Without gradients, bfloat16 by float32 angles: only the results are rounded. @param joint  [B, N, 3 * width].
Qkv split_half(const Tensor& joint, int64_t heads, const RopeTable& rope) {
  const Tensor qkv = joint.contiguous(), cos = rope.cos.contiguous(), sin = rope.sin.contiguous();
  const Shape s = shape_of({.batch = qkv.size(0), .tokens = qkv.size(1)}, heads, qkv.size(2) / 3, cos);
  const auto [q, k, v] = empty_heads(s, qkv.options());
  split(s, qkv.const_data_ptr<at::BFloat16>(), static_cast<const at::BFloat16*>(nullptr), cos.const_data_ptr<float>(),
        sin.const_data_ptr<float>(), q.data_ptr<at::BFloat16>(), k.data_ptr<at::BFloat16>(),
        v.data_ptr<at::BFloat16>());
  return {q, k, v};
}

// Angles of the type of the heads, with gradients; or of float32 for heads of bfloat16, without.
bool by_same_angles(const Tensor& qkv, const Sequences& sequences) {
  const auto type = qkv.scalar_type();
  return sequences.rope && qkv.is_cpu() && (type == at::kFloat || type == at::kDouble) &&
         sequences.rope->cos.scalar_type() == type;
}

bool by_wider_angles(const Tensor& qkv, const Sequences& sequences) {
  return sequences.rope && qkv.is_cpu() && qkv.scalar_type() == at::kBFloat16 &&
         sequences.rope->cos.scalar_type() == at::kFloat && !qkv.requires_grad();
}

// On any device, of any type. @param qkv  [B, N, 3 * width].
Qkv split_plainly(const Tensor& qkv, int64_t heads, const RopeTable* rope) {
  const auto parts = qkv.view({qkv.size(0), qkv.size(1), 3, heads, -1}).permute({2, 0, 3, 1, 4}).unbind(0);
  if (!rope) return {parts[0], parts[1], parts[2]};
  const auto type = qkv.scalar_type();  // angles may be of a wider one
  return {apply_rope(parts[0], *rope).to(type), apply_rope(parts[1], *rope).to(type), parts[2]};
}

}  // namespace

std::vector<Qkv> split_heads(const Tensor& qkv, int64_t heads, std::span<const Sequences> sequences, const Tensor& bias,
                             Kernel kernel) {
  FORESEE_CHECK(qkv.dim() == 2 && heads > 0 && qkv.size(1) % (3 * heads) == 0,
                "expected [rows, 3 * {} * head_dim], got {}", heads, describe(qkv));
  const int64_t head_dim = qkv.size(1) / (3 * heads);
  for (const auto& s : sequences) {
    if (!s.rope) continue;
    const Tensor& cos = s.rope->cos;
    FORESEE_CHECK((cos.dim() == 2 || (cos.dim() == 3 && cos.size(0) == s.batch)) && cos.size(-2) == s.tokens &&
                      cos.size(-1) == head_dim,
                  "expected angles of {} tokens and {} channels, got {}", s.tokens, head_dim, describe(cos));
  }
  int64_t rows = 0;
  for (const auto& s : sequences) rows += s.rows();
  FORESEE_CHECK(rows == qkv.size(0), "expected {} rows, got {}", rows, describe(qkv));
  const auto all_are = [&](auto suits) {
    return std::all_of(sequences.begin(), sequences.end(), [&](const Sequences& s) { return suits(qkv, s); });
  };
  const bool same = all_are(by_same_angles);
  const bool fused = takes_fused(kernel, same || all_are(by_wider_angles), "heads on the CPU and angles", qkv);
  std::vector<Qkv> out;
  if (fused && same) {
    std::vector<Tensor> angles;
    for (const auto& s : sequences) angles.insert(angles.end(), {s.rope->cos.contiguous(), s.rope->sin.contiguous()});
    const std::vector<Sequences> all(sequences.begin(), sequences.end());
    const auto parts = SplitHeads::apply(qkv, bias.defined() ? std::optional(bias) : std::nullopt, heads, all, angles);
    for (size_t i = 0; i < parts.size(); i += 3) out.push_back({parts[i], parts[i + 1], parts[i + 2]});
    return out;
  }
  const std::vector<Tensor> batches = unpack_rows(bias.defined() ? qkv + bias : qkv, sequences);
  for (size_t i = 0; i < batches.size(); ++i)
    out.push_back(fused ? split_half(batches[i], heads, *sequences[i].rope)
                        : split_plainly(batches[i], heads, sequences[i].rope));
  return out;
}

Qkv split_heads(const Tensor& qkv, int64_t heads, const RopeTable* rope, Kernel kernel) {
  FORESEE_CHECK(qkv.dim() == 3, "expected [B, N, 3 * {} * head_dim], got {}", heads, describe(qkv));
  const Sequences all{.batch = qkv.size(0), .tokens = qkv.size(1), .rope = rope};
  return split_heads(qkv.flatten(0, 1), heads, {&all, 1}, {}, kernel).front();
}

}  // namespace foresee
