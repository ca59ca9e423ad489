#include "jepa/nn/attention.h"

#include <torch/torch.h>

#include <cmath>

#include "jepa/core/error.h"
#include "jepa/nn/heads.h"

namespace foresee {
namespace {

// Below this many tokens three plain kernels beat LibTorch's fused one on the CPU (fp32, forward and backward;
// measured).
constexpr int64_t kFusedFrom = 64;

}  // namespace

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v) {
  if (!q.is_cpu() || q.size(2) >= kFusedFrom) return at::scaled_dot_product_attention(q, k, v);
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
  return at::matmul(at::softmax(at::matmul(q * scale, k.transpose(-2, -1)), -1), v);
}

Attention::Attention(torch::nn::Module& module, const std::string& path, int64_t width, int64_t heads, bool qkv_bias)
    : heads(heads),
      qkv(add_linear(module, path + ".qkv", width, 3 * width, qkv_bias)),
      proj(add_linear(module, path + ".proj", width, width)) {
  FORESEE_CHECK(heads > 0 && width % heads == 0, "expected a width that {} heads divide, got {}", heads, width);
}

Tensor Attention::forward(const Tensor& x, const RopeTable* rope) const {
  const Heads split = split_heads(qkv.linear(x), heads, rope);
  const Tensor mixed = attend(split.query, split.key, split.value);  // [B, heads, N, head_dim]
  return proj.linear(mixed.transpose(1, 2).flatten(2));
}

}  // namespace foresee
