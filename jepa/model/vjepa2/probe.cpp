#include "jepa/model/vjepa2/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "jepa/core/error.h"
#include "jepa/core/memory.h"
#include "jepa/core/parameter_tree.h"
#include "jepa/core/torch.h"
#include "jepa/nn/init.h"
#include "jepa/nn/transformer_bytes.h"

namespace foresee {

BlockSizes ProbeConfig::block() const {
  return {width, heads, static_cast<int64_t>(static_cast<double>(width) * mlp_ratio), layer_norm_eps, qkv_bias};
}

int64_t ProbeConfig::parameter_count() const {
  const int64_t mlp = 2 * width * block().mlp + block().mlp + width, norms = 4 * width;
  const int64_t joint = 3 * width * width + (qkv_bias ? 3 * width : 0), out = width * width + width;
  int64_t total = static_cast<int64_t>(outputs.size()) * width;  // queries
  total += (depth - 1) * (joint + out + mlp + norms) + joint + mlp + norms;
  for (const int64_t count : classes) total += width * count + count;
  return total;
}

void ProbeConfig::validate() const {
  if (width % heads != 0) fail<ConfigError>("width: expected a multiple of heads = {}, got {}", heads, width);
  if (outputs.empty() || outputs.size() != classes.size())
    fail<ConfigError>("classes: expected one number for each of {} outputs, got {}", outputs.size(), classes.size());
  if (block().mlp < 1) fail<ConfigError>("mlp_ratio: expected a width of 1 or more, got {} x {}", width, mlp_ratio);
  double rows = 0;
  for (const int64_t count : classes) rows += static_cast<double>(count);
  check_memory(transformer_bytes(width, block().mlp, depth) + sizeof(float) * rows * static_cast<double>(width),
               "a probe of this width, depth, mlp_ratio and number of classes");
  if (std::set<std::string>(outputs.begin(), outputs.end()).size() != outputs.size())
    fail<ConfigError>("outputs: expected different names");
  for (const auto& name : outputs)
    if (name.empty() || name.find('.') != std::string::npos || name == "pooler")
      fail<ConfigError>("outputs: expected a name without a dot, got '{}'", name);
}

void describe(Fields& f, ProbeConfig& c) {
  f("width", c.width, "features of a token", {1, 65536});
  f("heads", c.heads, "attention heads", {1, 1024});
  f("depth", c.depth, "blocks, the last of them cross-attention", {1, 1000});
  f("mlp_ratio", c.mlp_ratio, "width of the MLP over width of a token", {0.01, 64});
  f("layer_norm_eps", c.layer_norm_eps, "epsilon of every LayerNorm", {0});
  f("qkv_bias", c.qkv_bias, "whether queries, keys and values have a bias");
  f("outputs", c.outputs, "names of the classifiers; each has a query of its own");
  f("classes", c.classes, "classes of each output", {1, 1e6});
}

AttentivePooler::AttentivePooler(torch::nn::Module& module, const std::string& path, const ProbeConfig& config)
    : heads_(config.heads), eps_(config.layer_norm_eps) {
  const int64_t d = config.width, mlp = config.block().mlp;
  const std::string cross = path + ".cross_attention_block";
  query_tokens_ = add_parameter(module, path + ".query_tokens", {1, static_cast<int64_t>(config.outputs.size()), d});
  norm1_ = add_norm(module, cross + ".norm1", d);
  query_ = add_linear(module, cross + ".xattn.q", d, d, config.qkv_bias);
  key_value_ = add_linear(module, cross + ".xattn.kv", d, 2 * d, config.qkv_bias);
  norm2_ = add_norm(module, cross + ".norm2", d);
  fc1_ = add_linear(module, cross + ".mlp.fc1", d, mlp);
  fc2_ = add_linear(module, cross + ".mlp.fc2", mlp, d);
  for (int64_t i = 0; i + 1 < config.depth; ++i)
    blocks_.emplace_back(module, fmt::format("{}.blocks.{}", path, i), config.block());
}

Tensor AttentivePooler::cross_attention(const Tensor& tokens) const {
  const int64_t batch = tokens.size(0), head_dim = tokens.size(2) / heads_;
  const Tensor joint = key_value_.linear(norm1_.layer_norm(tokens, eps_))
                           .view({batch, tokens.size(1), 2, heads_, head_dim})
                           .permute({2, 0, 3, 1, 4});  // [2, B, heads, N, head_dim]
  const Tensor query =
      query_.linear(query_tokens_).view({1, -1, heads_, head_dim}).transpose(1, 2).expand({batch, -1, -1, -1});
  const Tensor mixed = at::scaled_dot_product_attention(query, joint[0], joint[1]);  // [B, heads, queries, head_dim]
  return mixed.transpose(1, 2).flatten(2);
}

Tensor AttentivePooler::forward(const Tensor& tokens) const {
  FORESEE_CHECK(tokens.dim() == 3 && tokens.size(2) == query_tokens_.size(2), "expected tokens [B, N, {}], got {}",
                query_tokens_.size(2), describe(tokens));
  Tensor x = tokens;
  for (const auto& block : blocks_) x = block.forward(x, /*rope=*/nullptr);
  const Tensor pooled = query_tokens_ + cross_attention(x);  // [B, queries, width]
  return pooled + fc2_.linear(fc1_.linear_gelu(norm2_.layer_norm(pooled, eps_)));
}

AttentiveProbe::AttentiveProbe(const ProbeConfig& config)
    : config((config.validate(), config)), pooler_(*this, "pooler", config) {
  for (size_t i = 0; i < config.outputs.size(); ++i)
    classifiers_.push_back(add_linear(*this, config.outputs[i], config.width, config.classes[i]));
}

void AttentiveProbe::initialise(uint64_t seed) {
  init_transformer(*this, Random(seed, Stream::kInit, 2), "pooler.blocks");
  torch::NoGradGuard no_grad;
  named_parameters()["pooler.cross_attention_block.mlp.fc2.weight"].div_(
      std::sqrt(2.0 * static_cast<double>(std::max<int64_t>(1, config.depth - 1))));
}

std::vector<Tensor> AttentiveProbe::forward(const Tensor& tokens) const {
  const Tensor pooled = pool(tokens);
  std::vector<Tensor> logits;
  for (size_t i = 0; i < classifiers_.size(); ++i)
    logits.push_back(classifiers_[i].linear(pooled.select(1, static_cast<int64_t>(i))));
  return logits;
}

Tensor join_levels(const std::vector<Tensor>& levels) { return at::cat(levels, 1); }

std::vector<int64_t> published_probe_levels(int64_t depth) {
  if (depth == 24) return {17, 19, 21, 23};
  if (depth == 40) return {24, 29, 34, 39};
  fail<ConfigError>("no multi-level probe was published for an encoder of {} blocks (24 or 40); name the layers",
                    depth);
}

}  // namespace foresee
