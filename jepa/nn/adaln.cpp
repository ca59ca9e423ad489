#include "jepa/nn/adaln.h"

#include <cmath>

#include "jepa/core/torch.h"

namespace foresee {
namespace {

// T is the history window, two or three tokens: on the CPU two small batched products beat the fused attention of
// LibTorch several times, and the probabilities are at hand for dropout.
Tensor causal_attention(const Tensor& qkv, int64_t heads, Dropout* dropout, double p) {
  const int64_t batch = qkv.size(0), tokens = qkv.size(1), head_dim = qkv.size(2) / (3 * heads);
  const auto parts =
      qkv.view({batch, tokens, 3, heads, head_dim}).permute({2, 0, 3, 1, 4}).unbind(0);  // [B, heads, T, d]
  Tensor scores = at::matmul(parts[0] * (1.0 / std::sqrt(static_cast<double>(head_dim))), parts[1].transpose(-2, -1));
  if (tokens > 1) {
    const Tensor future = at::ones({tokens, tokens}, qkv.options().dtype(at::kBool)).triu(1);
    scores = scores.masked_fill(future, -std::numeric_limits<double>::infinity());
  }
  const Tensor weights = drop(dropout, at::softmax(scores, -1), p);
  return at::matmul(weights, parts[2]).transpose(1, 2).reshape({batch, tokens, heads * head_dim});
}

}  // namespace

Tensor modulate(const Tensor& x, const Tensor& shift, const Tensor& scale, const Affine& norm) {
  const Tensor y =
      at::addcmul(shift, at::layer_norm(x, {x.size(-1)}, {}, {}, kAdaLnEps, /*cudnn_enable=*/false), scale + 1);
  return norm.weight.defined() ? norm.layer_norm(y, kAdaLnInnerEps) : y;
}

AdaLnBlock::AdaLnBlock(torch::nn::Module& module, const std::string& path, const AdaLnSizes& s) : sizes(s) {
  const int64_t inner = s.heads * s.head_dim;
  if (s.own_norms) attention_norm = add_norm(module, path + ".attn.norm", s.width);
  qkv = add_linear(module, path + ".attn.to_qkv", s.width, 3 * inner, /*bias=*/!s.own_norms);
  if (s.heads != 1 || s.head_dim != s.width || !s.own_norms)
    attention_out = add_linear(module, path + ".attn.to_out.0", inner, s.width);
  if (s.own_norms) mlp_norm = add_norm(module, path + ".mlp.net.0", s.width);
  mlp_in = add_linear(module, path + ".mlp.net.1", s.width, s.mlp);
  mlp_out = add_linear(module, path + ".mlp.net.4", s.mlp, s.width);
  adaln = add_linear(module, path + ".adaLN_modulation.1", s.width, 6 * s.width);
}

Tensor AdaLnBlock::modulation(const Tensor& c) const { return adaln.linear(at::silu(c)); }

Tensor AdaLnBlock::forward(const Tensor& x, const Tensor& modulation, Dropout* dropout, double p) const {
  const auto m = modulation.chunk(6, -1);  // shift, scale, gate of attention, then of the MLP
  Tensor h = qkv.linear(modulate(x, m[0], m[1], attention_norm));
  h = causal_attention(h, sizes.heads, dropout, p);
  if (attention_out.weight.defined()) h = drop(dropout, attention_out.linear(h), p);
  const Tensor y = at::addcmul(x, m[2], h);
  h = mlp_in.linear(modulate(y, m[3], m[4], mlp_norm));
  h = drop(dropout, mlp_out.linear(drop(dropout, at::gelu(h), p)), p);
  return at::addcmul(y, m[5], h);
}

}  // namespace foresee
