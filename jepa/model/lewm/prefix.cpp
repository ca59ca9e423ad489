#include "jepa/model/lewm/prefix.h"

#include "jepa/core/error.h"
#include "jepa/core/parameter_tree.h"
#include "jepa/core/torch.h"
#include "jepa/nn/adaln.h"

namespace foresee {

LewmPrefixPredictor::LewmPrefixPredictor(torch::nn::Module& module, const std::string& path,
                                         const LewmPredictorConfig& c, int64_t embedding)
    : config(c) {
  const int64_t inner = c.heads * c.head_dim;
  positions_ = add_parameter(module, path + ".pos_embedding", {1, 1 + c.horizon, c.width});
  state_in_ = add_linear(module, path + ".state_in", embedding, c.width);
  action_in_ = add_linear(module, path + ".action_in", embedding, c.width);
  for (int64_t i = 0; i < c.prefix_layers; ++i) {
    const std::string at = fmt::format("{}.prefix.layers.{}", path, i);
    Block block;
    block.attention_norm = add_norm(module, at + ".attn.norm", c.width);
    block.qkv = add_linear(module, at + ".attn.to_qkv", c.width, 3 * inner, /*bias=*/false);
    block.attention_out = add_linear(module, at + ".attn.to_out.0", inner, c.width);
    block.mlp_norm = add_norm(module, at + ".mlp.net.0", c.width);
    block.mlp_in = add_linear(module, at + ".mlp.net.1", c.width, c.mlp);
    block.mlp_out = add_linear(module, at + ".mlp.net.4", c.mlp, c.width);
    blocks_.push_back(std::move(block));
  }
  prefix_norm_ = add_norm(module, path + ".prefix.norm", c.width);
  residual_in_ = add_linear(module, path + ".residual.in", embedding, c.width);
  for (int64_t i = 0; i < c.layers; ++i) {
    const std::string at = fmt::format("{}.residual.layers.{}", path, i);
    Residual residual;
    residual.adaln = add_linear(module, at + ".adaLN_modulation.1", c.width, 3 * c.width);
    residual.mlp_in = add_linear(module, at + ".mlp.net.1", c.width, c.mlp);
    residual.mlp_out = add_linear(module, at + ".mlp.net.4", c.mlp, c.width);
    residuals_.push_back(std::move(residual));
  }
  norm_ = add_norm(module, path + ".residual.norm", c.width);
  out_ = add_linear(module, path + ".residual.out", c.width, embedding);
}

/// c_1 .. c_H of the class comment. @returns float [N, H, width].
Tensor LewmPrefixPredictor::prefixes(const Tensor& state, const Tensor& actions, Dropout* dropout) const {
  const int64_t batch = actions.size(0), tokens = actions.size(1) + 1, heads = config.heads;
  Tensor x = at::cat({state_in_.linear(state).unsqueeze(1), action_in_.linear(actions)}, 1);
  x = drop(dropout, x + positions_.slice(1, 0, tokens), config.embedding_dropout);
  for (const Block& block : blocks_) {
    const auto qkv = block.qkv.linear(block.attention_norm.layer_norm(x, kAdaLnInnerEps))
                         .view({batch, tokens, 3, heads, config.head_dim})
                         .permute({2, 0, 3, 1, 4})
                         .unbind(0);  // [N, heads, T, d]
    const Tensor seen =
        at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], {}, /*dropout_p=*/0.0, /*is_causal=*/true);
    const Tensor mixed = block.attention_out.linear(seen.transpose(1, 2).reshape({batch, tokens, -1}));
    x = x + drop(dropout, mixed, config.dropout);
    const Tensor hidden = block.mlp_in.linear_gelu(block.mlp_norm.layer_norm(x, kAdaLnInnerEps));
    x = x + drop(dropout, block.mlp_out.linear(drop(dropout, hidden, config.dropout)), config.dropout);
  }
  return prefix_norm_.layer_norm(x.slice(1, 1), kAdaLnInnerEps);
}

Tensor LewmPrefixPredictor::forward(const Tensor& state, const Tensor& actions, Dropout* dropout) const {
  FORESEE_CHECK(state.dim() == 2 && actions.dim() == 3 && actions.size(0) == state.size(0) && actions.size(1) >= 1 &&
                    actions.size(1) <= config.horizon,
                "expected states [N, D] and actions [N, 1 .. {}, D], got {} and {}", config.horizon, describe(state),
                describe(actions));
  const Tensor condition = at::silu(prefixes(state, actions, dropout));  // [N, H, width]
  Tensor x = residual_in_.linear(state).unsqueeze(1).expand_as(condition);
  for (const Residual& residual : residuals_) {
    const auto m = residual.adaln.linear(condition).chunk(3, -1);  // shift, scale, gate
    const Tensor hidden = drop(dropout, residual.mlp_in.linear_gelu(modulate(x, m[0], m[1])), config.dropout);
    x = at::addcmul(x, m[2], residual.mlp_out.linear(hidden));
  }
  return out_.linear(norm_.layer_norm(x, kAdaLnInnerEps));
}

}  // namespace foresee
