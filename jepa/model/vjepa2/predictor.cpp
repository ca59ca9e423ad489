#include "jepa/model/vjepa2/predictor.h"

#include <fmt/format.h>

#include "jepa/core/error.h"
#include "jepa/core/memory.h"
#include "jepa/core/parameter_tree.h"
#include "jepa/core/torch.h"
#include "jepa/nn/init.h"
#include "jepa/nn/transformer_bytes.h"

namespace foresee {

BlockSizes MaskedPredictorConfig::block() const {
  return {width, heads, static_cast<int64_t>(static_cast<double>(width) * mlp_ratio), layer_norm_eps, qkv_bias};
}

std::vector<int64_t> MaskedPredictorConfig::layers(int64_t encoder_depth) const {
  std::vector<int64_t> out;
  for (int64_t i = 1; levels > 1 && i <= levels; ++i) out.push_back(encoder_depth * i / levels - 1);
  return out;
}

int64_t MaskedPredictorConfig::parameter_count(int64_t encoder_width) const {
  const int64_t mlp = block().mlp, norm = 2 * width, out = levels * encoder_width;
  const int64_t attention = 4 * width * width + width + (qkv_bias ? 3 * width : 0);
  const int64_t hidden = levels > 1 ? out * encoder_width + encoder_width : 0;
  return hidden + encoder_width * width + width + mask_tokens * width +
         depth * (2 * norm + attention + 2 * width * mlp + mlp + width) + norm +
         (context_output ? 2 : 1) * (width * out + out);
}

void MaskedPredictorConfig::validate() const {
  if (width % heads != 0) fail<ConfigError>("width: expected a multiple of heads = {}, got {}", heads, width);
  const int64_t mlp = block().mlp;
  if (mlp < 1) fail<ConfigError>("mlp_ratio: expected a width of 1 or more, got {} x {}", width, mlp_ratio);
  check_memory(transformer_bytes(width, mlp, depth), "a predictor of this width, depth, mlp_ratio");
}

void describe(Fields& f, MaskedPredictorConfig& c) {
  f("width", c.width, "features of a token inside the predictor", {1, 65536});
  f("depth", c.depth, "transformer blocks", {1, 1000});
  f("heads", c.heads, "attention heads", {1, 1024});
  f("mlp_ratio", c.mlp_ratio, "width of the MLP over width of a token", {0.01, 64});
  f("mask_tokens", c.mask_tokens, "learned tokens that stand for a target", {1, 1000});
  f("zero_init_mask_tokens", c.zero_init_mask_tokens, "whether mask tokens start at zero");
  f("layer_norm_eps", c.layer_norm_eps, "epsilon of every LayerNorm", {0});
  f("qkv_bias", c.qkv_bias, "whether queries, keys and values have a bias");
  f("levels", c.levels, "depths of the encoder that are seen and predicted (V-JEPA 2.1: 4); 1: the last, as V-JEPA 2",
    {1, 1000});
  f("context_output", c.context_output, "whether context tokens have an output layer of their own (V-JEPA 2.1)");
}

MaskedPredictor::MaskedPredictor(const MaskedPredictorConfig& config, const VideoEncoderConfig& encoder)
    : config(config), grid_side_(encoder.image_size / encoder.patch_size), rope_angles_(encoder.rope_angles) {
  config.validate();
  if (config.levels > encoder.depth)
    fail<ConfigError>("levels: expected at most the encoder's depth of {}, got {}", encoder.depth, config.levels);
  const int64_t out = config.levels * encoder.width;
  if (config.levels > 1) embed_hidden_ = add_linear(*this, "predictor_embed.0", out, encoder.width);
  embed_ = add_linear(*this, config.levels > 1 ? "predictor_embed.2" : "predictor_embed", encoder.width, config.width);
  for (int64_t i = 0; i < config.mask_tokens; ++i)
    mask_tokens_.push_back(add_parameter(*this, fmt::format("mask_tokens.{}", i), {1, 1, config.width}));
  for (int64_t i = 0; i < config.depth; ++i)
    blocks_.emplace_back(*this, fmt::format("predictor_blocks.{}", i), config.block());
  norm_ = add_norm(*this, "predictor_norm", config.width);
  proj_ = add_linear(*this, "predictor_proj", config.width, out);
  if (config.context_output) proj_context_ = add_linear(*this, "predictor_proj_context", config.width, out);
}

void MaskedPredictor::initialise(uint64_t seed) {
  init_transformer(*this, Random(seed, Stream::kInit, 1), "predictor_blocks",
                   config.zero_init_mask_tokens ? "mask_tokens" : "");
}

Tensor MaskedPredictor::embedded(const Tensor& context) const {
  return embed_.linear(config.levels > 1 ? embed_hidden_.linear_gelu(context) : context);
}

std::vector<Tensor> MaskedPredictor::forward(std::span<const MaskedQuery> queries, int64_t mask_index,
                                             bool with_context) const {
  FORESEE_CHECK(mask_index >= 0, "expected a mask index of 0 or more, got {}", mask_index);
  const Tensor& mask_token = mask_tokens_[static_cast<size_t>(mask_index) % mask_tokens_.size()];
  std::vector<Tensor> tokens;
  std::vector<RopeTable> ropes;
  for (const auto& [context, context_ids, target_ids] : queries) {
    FORESEE_CHECK(context.dim() == 3 && context_ids.sizes() == context.sizes().slice(0, 2),
                  "expected one id for each of the context's tokens, got ids {} for {}", describe(context_ids),
                  describe(context));
    FORESEE_CHECK(target_ids.dim() == 2 && target_ids.size(0) == context.size(0),
                  "expected target ids [{}, Nt], got {}", context.size(0), describe(target_ids));
    const Tensor masked = mask_token.expand({context.size(0), target_ids.size(1), config.width});
    tokens.push_back(at::cat({embedded(context), masked}, 1));
    // Upstream sorts the tokens by id here and back at the end; attention does not see the order, so it is left out.
    const Tensor ids = at::cat({context_ids, target_ids}, 1);
    ropes.push_back(rope_table(token_positions(ids, grid_side_, grid_side_), config.width / config.heads,
                               tokens.back().scalar_type(), rope_angles_));
  }
  std::vector<Sequences> sequences;
  for (size_t i = 0; i < tokens.size(); ++i)
    sequences.push_back({.batch = tokens[i].size(0), .tokens = tokens[i].size(1), .rope = &ropes[i]});
  Tensor x = pack_rows(tokens);
  for (const Block& block : blocks_) {
    if (!with_context && &block == &blocks_.back())  // it works out the targets alone
      for (size_t i = 0; i < queries.size(); ++i) sequences[i].from = queries[i].context.size(1);
    x = block.forward(x, sequences);
  }
  const Tensor normed = norm_.layer_norm(x, config.layer_norm_eps);
  if (!with_context || !config.context_output) return unpack_rows(proj_.linear(normed), drop_rows(sequences));
  std::vector<Tensor> out = unpack_rows(normed, sequences);
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t seen = queries[i].context.size(1);
    out[i] = at::cat(
        {proj_context_.linear(out[i].narrow(1, 0, seen)), proj_.linear(out[i].narrow(1, seen, out[i].size(1) - seen))},
        1);
  }
  return out;
}

Tensor MaskedPredictor::forward(const Tensor& context, const Tensor& context_ids, const Tensor& target_ids,
                                int64_t mask_index) const {
  const MaskedQuery query{context, context_ids, target_ids};
  return forward({&query, 1}, mask_index).front();
}

}  // namespace foresee
