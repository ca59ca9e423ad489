#include "jepa/nn/qkv.h"

#include <optional>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {

Tensor attend(const Qkv& heads, const Tensor& mask) {
  const auto& [q, k, v] = heads;
  FORESEE_CHECK(q.dim() == 4 && k.sizes() == v.sizes() && k.dim() == 4 && q.size(0) == k.size(0) &&
                    q.size(1) == k.size(1) && q.size(3) == k.size(3),
                "expected queries, keys and values of one shape [B, heads, N, head_dim], got {}, {}, {}", describe(q),
                describe(k), describe(v));
  const auto seen = mask.defined() ? std::optional(mask) : std::nullopt;
  return at::scaled_dot_product_attention(q, k, v, seen).transpose(1, 2).flatten(2);
}

}  // namespace foresee
