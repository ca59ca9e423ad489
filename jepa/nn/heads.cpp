#include "jepa/nn/heads.h"

#include <cstring>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

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

// Calls visit(row of qkv, token's offset in [B, heads, N, head_dim] for head 0, token's table row), in parallel.
template <class Visit>
void for_each_token(const Shape& s, const Visit& visit) {
  at::parallel_for(0, s.batch * s.tokens, 32, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / s.tokens, n = i % s.tokens;
      visit(i * 3 * s.width(), (b * s.heads * s.tokens + n) * s.head_dim, b * s.table_stride + n * s.head_dim);
    }
  });
}

// A: type of the angles and the arithmetic.
template <class T, class A>
void split(const Shape& s, const T* qkv, const A* cos, const A* sin, T* q, T* k, T* v) {
  for_each_token(s, [&](int64_t row, int64_t token, int64_t angles) {
    for (int64_t h = 0; h < s.heads; ++h) {
      const T* x = qkv + row + h * s.head_dim;
      const int64_t out = token + h * s.tokens * s.head_dim;
      turn(x, cos + angles, sin + angles, q + out, s);
      turn(x + s.width(), cos + angles, sin + angles, k + out, s);
      std::memcpy(v + out, x + 2 * s.width(), sizeof(T) * static_cast<size_t>(s.head_dim));
    }
  });
}

template <class T>
void merge(const Shape& s, const T* q, const T* k, const T* v, const T* cos, const T* sin, T* qkv) {
  for_each_token(s, [&](int64_t row, int64_t token, int64_t angles) {
    for (int64_t h = 0; h < s.heads; ++h) {
      T* x = qkv + row + h * s.head_dim;
      const int64_t in = token + h * s.tokens * s.head_dim;
      turn_back(q + in, cos + angles, sin + angles, x, s);
      turn_back(k + in, cos + angles, sin + angles, x + s.width(), s);
      std::memcpy(x + 2 * s.width(), v + in, sizeof(T) * static_cast<size_t>(s.head_dim));
    }
  });
}

Shape shape_of(const Tensor& qkv, int64_t heads, const Tensor& cos) {
  const int64_t head_dim = qkv.size(2) / (3 * heads), tokens = qkv.size(1);
  return {qkv.size(0), tokens, heads, head_dim, rotated_channels(head_dim), cos.dim() == 3 ? tokens * head_dim : 0};
}

struct SplitHeads : torch::autograd::Function<SplitHeads> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const Tensor& joint,
                                                int64_t heads, const Tensor& cos, const Tensor& sin) {
    context->save_for_backward({cos, sin});
    const Tensor qkv = joint.contiguous();
    const Shape s = shape_of(qkv, heads, cos);
    const std::vector<int64_t> sizes{s.batch, s.heads, s.tokens, s.head_dim};
    context->saved_data["joint"] = qkv.sizes().vec();
    context->saved_data["heads"] = heads;
    Tensor q = at::empty(sizes, qkv.options()), k = at::empty_like(q), v = at::empty_like(q);
    AT_DISPATCH_FLOATING_TYPES(qkv.scalar_type(), "split_heads", [&] {
      split(s, qkv.const_data_ptr<scalar_t>(), cos.const_data_ptr<scalar_t>(), sin.const_data_ptr<scalar_t>(),
            q.data_ptr<scalar_t>(), k.data_ptr<scalar_t>(), v.data_ptr<scalar_t>());
    });
    return {q, k, v};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Tensor q = grads[0].contiguous(), k = grads[1].contiguous(), v = grads[2].contiguous();
    Tensor joint = at::empty(context->saved_data["joint"].toIntVector(), q.options());
    const Shape s = shape_of(joint, context->saved_data["heads"].toInt(), saved[0]);
    AT_DISPATCH_FLOATING_TYPES(q.scalar_type(), "merge_heads", [&] {
      merge(s, q.const_data_ptr<scalar_t>(), k.const_data_ptr<scalar_t>(), v.const_data_ptr<scalar_t>(),
            saved[0].const_data_ptr<scalar_t>(), saved[1].const_data_ptr<scalar_t>(), joint.data_ptr<scalar_t>());
    });
    return {joint, {}, {}, {}};
  }
};

// Without gradients, bfloat16 by float32 angles: only the results are rounded.
Heads split_half(const Tensor& joint, int64_t heads, const RopeTable& rope) {
  const Tensor qkv = joint.contiguous(), cos = rope.cos.contiguous(), sin = rope.sin.contiguous();
  const Shape s = shape_of(qkv, heads, cos);
  const std::vector<int64_t> sizes{s.batch, s.heads, s.tokens, s.head_dim};
  Tensor q = at::empty(sizes, qkv.options()), k = at::empty_like(q), v = at::empty_like(q);
  split(s, qkv.const_data_ptr<at::BFloat16>(), cos.const_data_ptr<float>(), sin.const_data_ptr<float>(),
        q.data_ptr<at::BFloat16>(), k.data_ptr<at::BFloat16>(), v.data_ptr<at::BFloat16>());
  return {q, k, v};
}

bool fused(const Tensor& qkv, const RopeTable& rope) {
  const auto type = qkv.scalar_type();
  return qkv.is_cpu() && (type == at::kFloat || type == at::kDouble) && rope.cos.scalar_type() == type;
}

}  // namespace

Heads split_heads(const Tensor& qkv, int64_t heads, const RopeTable* rope) {
  FORESEE_CHECK(qkv.dim() == 3 && heads > 0 && qkv.size(2) % (3 * heads) == 0,
                "expected [B, N, 3 * {} * head_dim], got {}", heads, describe(qkv));
  const int64_t head_dim = qkv.size(2) / (3 * heads);
  if (rope) {
    const Tensor& cos = rope->cos;
    FORESEE_CHECK((cos.dim() == 2 || (cos.dim() == 3 && cos.size(0) == qkv.size(0))) && cos.size(-2) == qkv.size(1) &&
                      cos.size(-1) == head_dim,
                  "expected angles of {} tokens and {} channels, got {}", qkv.size(1), head_dim, describe(cos));
    if (qkv.is_cpu() && qkv.scalar_type() == at::kBFloat16 && cos.scalar_type() == at::kFloat && !qkv.requires_grad())
      return split_half(qkv, heads, *rope);
    if (fused(qkv, *rope)) {
      const auto parts = SplitHeads::apply(qkv, heads, rope->cos.contiguous(), rope->sin.contiguous());
      return {parts[0], parts[1], parts[2]};
    }
  }
  const auto parts = qkv.view({qkv.size(0), qkv.size(1), 3, heads, head_dim}).permute({2, 0, 3, 1, 4}).unbind(0);
  if (!rope) return {parts[0], parts[1], parts[2]};
  const auto type = qkv.scalar_type();  // angles may be of a wider one
  return {apply_rope(parts[0], *rope).to(type), apply_rope(parts[1], *rope).to(type), parts[2]};
}

Tensor attend(const Heads& heads) {
  const auto& [q, k, v] = heads;
  FORESEE_CHECK(q.dim() == 4 && k.sizes() == v.sizes() && k.dim() == 4 && q.size(0) == k.size(0) &&
                    q.size(1) == k.size(1) && q.size(3) == k.size(3),
                "expected queries, keys and values of one shape [B, heads, N, head_dim], got {}, {}, {}", describe(q),
                describe(k), describe(v));
  return at::scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2);
}

}  // namespace foresee
