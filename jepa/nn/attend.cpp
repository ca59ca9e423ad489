#include "jepa/nn/attend.h"

#include <algorithm>
#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr int64_t kTileBytes = 1 << 20;  // of attention weights: half of a core's second-level cache
constexpr int64_t kOwnFrom = 96;         // tokens; below, calling operators for each head costs more than they save

// Queries of a tile.
int64_t tile_rows(const Tensor& key) {
  const int64_t row = key.size(2) * static_cast<int64_t>(key.element_size());
  return std::clamp<int64_t>(kTileBytes / row, 16, std::max<int64_t>(16, key.size(2)));
}

// The part of a head in [B, N, heads, head_dim]: [N, head_dim], rows apart.
Tensor head_of(const Tensor& joined, int64_t batch, int64_t head) { return joined.select(0, batch).select(1, head); }

// Calls visit(batch, head), each from one thread without gradients.
template <class Visit>
void for_each_head(const Tensor& query, const Visit& visit) {
  const int64_t heads = query.size(1);
  at::parallel_for(0, query.size(0) * heads, 1, [&](int64_t begin, int64_t end) {
    const torch::NoGradGuard no_grad;
    for (int64_t i = begin; i < end; ++i) visit(i / heads, i % heads);
  });
}

// softmax(scale q k^T) of some queries, into `weights` [rows, N].
void attention_weights(const Tensor& query, const Tensor& key_t, double scale, Tensor& weights) {
  at::addmm_out(weights, weights, query, key_t, /*beta=*/0, /*alpha=*/scale);
  at::_softmax_out(weights, weights, /*dim=*/1, /*half_to_float=*/false);
}

struct Attend : torch::autograd::Function<Attend> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& query, const Tensor& key,
                        const Tensor& value) {
    context->save_for_backward({query, key, value});
    const Tensor q = query.detach(), k = key.detach(), v = value.detach();
    const int64_t tokens = q.size(2), tile = tile_rows(k);
    const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
    const Tensor out = at::empty({q.size(0), tokens, q.size(1), q.size(3)}, q.options());
    for_each_head(q, [&](int64_t b, int64_t h) {
      const Tensor key_t = k[b][h].t(), to = head_of(out, b, h);
      for (int64_t at = 0; at < tokens; at += tile) {
        const int64_t rows = std::min(tile, tokens - at);
        Tensor weights = at::empty({rows, tokens}, q.options()), part = to.narrow(0, at, rows);
        attention_weights(q[b][h].narrow(0, at, rows), key_t, scale, weights);
        at::mm_out(part, weights, v[b][h]);
      }
    });
    return out.flatten(2);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Tensor q = saved[0].detach(), k = saved[1].detach(), v = saved[2].detach();
    const int64_t tokens = q.size(2), tile = tile_rows(k);
    const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
    const Tensor grad = grads[0].detach().contiguous().unflatten(2, {q.size(1), q.size(3)});
    const Tensor grad_q = at::empty_like(q), grad_k = at::empty_like(k), grad_v = at::empty_like(v);
    for_each_head(q, [&](int64_t b, int64_t h) {
      const Tensor key_t = k[b][h].t(), value_t = v[b][h].t(), from = head_of(grad, b, h);
      Tensor to_k = grad_k[b][h], to_v = grad_v[b][h];
      for (int64_t at = 0; at < tokens; at += tile) {
        const int64_t rows = std::min(tile, tokens - at);
        const double beta = at == 0 ? 0.0 : 1.0;
        const Tensor query = q[b][h].narrow(0, at, rows), part = from.narrow(0, at, rows);
        Tensor weights = at::empty({rows, tokens}, q.options()), slope = at::empty_like(weights);
        attention_weights(query, key_t, scale, weights);
        at::addmm_out(to_v, to_v, weights.t(), part, beta);
        at::mm_out(slope, part, value_t);
        at::_softmax_backward_data_out(slope, slope, weights, /*dim=*/1, slope.scalar_type());
        Tensor to_q = grad_q[b][h].narrow(0, at, rows);
        at::addmm_out(to_q, to_q, slope, k[b][h], /*beta=*/0, /*alpha=*/scale);
        at::addmm_out(to_k, to_k, slope.t(), query, beta, /*alpha=*/scale);
      }
    });
    return {grad_q, grad_k, grad_v};
  }
};

}  // namespace

Tensor attend(const Heads& heads) {
  const auto& [q, k, v] = heads;
  FORESEE_CHECK(q.dim() == 4 && q.sizes() == k.sizes() && q.sizes() == v.sizes(),
                "expected queries, keys and values of one shape [B, heads, N, head_dim], got {}, {}, {}", describe(q),
                describe(k), describe(v));
  const bool own =
      q.is_cpu() && q.size(2) >= kOwnFrom && (q.scalar_type() == at::kFloat || q.scalar_type() == at::kDouble);
  if (own) return Attend::apply(q.contiguous(), k.contiguous(), v.contiguous());
  return at::scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2);
}

}  // namespace foresee
