#include "jepa/model/encoder.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "jepa/core/error.h"
#include "jepa/nn/init.h"

namespace foresee {

BlockSizes VideoEncoderConfig::block() const {
  return {width, heads, static_cast<int64_t>(static_cast<double>(width) * mlp_ratio), layer_norm_eps, qkv_bias};
}

int64_t VideoEncoderConfig::parameter_count() const {
  const int64_t mlp = block().mlp, embed = width * tubelet().values() + width, norm = 2 * width;
  const int64_t attention = 4 * width * width + width + (qkv_bias ? 3 * width : 0);
  return embed + depth * (2 * norm + attention + 2 * width * mlp + mlp + width) + norm;
}

void VideoEncoderConfig::validate() const {
  if (width % heads != 0) fail<ConfigError>("width: expected a multiple of heads = {}, got {}", heads, width);
  if (image_size % patch_size != 0)
    fail<ConfigError>("image_size: expected a multiple of patch_size = {}, got {}", patch_size, image_size);
  if (frames % tubelet_size != 0)
    fail<ConfigError>("frames: expected a multiple of tubelet_size = {}, got {}", tubelet_size, frames);
}

void describe(Fields& f, VideoEncoderConfig& c) {
  f("image_size", c.image_size, "side of training crops, pixels", {1});
  f("frames", c.frames, "frames of a training clip", {1});
  f("patch_size", c.patch_size, "side of a patch, pixels", {1});
  f("tubelet_size", c.tubelet_size, "frames of a token", {1});
  f("width", c.width, "features of a token", {1});
  f("depth", c.depth, "transformer blocks", {1});
  f("heads", c.heads, "attention heads", {1});
  f("mlp_ratio", c.mlp_ratio, "width of the MLP over width of a token", {0});
  f("layer_norm_eps", c.layer_norm_eps, "epsilon of every LayerNorm", {0});
  f("qkv_bias", c.qkv_bias, "whether queries, keys and values have a bias");
  f("drop_path", c.drop_path, "probability of skipping a branch in the last block, rising from 0", {0, 0.999});
  f.choice("rope_angles", c.rope_angles, kRopeAngleNames, "tiled: as V-JEPA 2 was trained; interleaved: RoFormer's");
}

VideoEncoder::VideoEncoder(const VideoEncoderConfig& config)
    : config(config), patch_embed_(*this, "patch_embed.proj", config.width, config.tubelet()) {
  config.validate();
  for (int64_t i = 0; i < config.depth; ++i) blocks_.emplace_back(*this, fmt::format("blocks.{}", i), config.block());
  norm_ = add_norm(*this, "norm", config.width);
}

void VideoEncoder::initialise(uint64_t seed) { init_transformer(*this, Random(seed, Stream::kInit, 0), "blocks"); }

Tensor VideoEncoder::forward(const Tensor& clips, const Tensor& ids, Dropout* dropout) const {
  return forward_tubelets(unfold_tubelets(clips, config.tubelet()), config.tubelet().grid(clips), ids, dropout);
}

Tensor VideoEncoder::forward_tubelets(const Tensor& tubelets, const TokenGrid& grid, const Tensor& ids,
                                      Dropout* dropout) const {
  FORESEE_CHECK(tubelets.dim() == 3 && tubelets.size(1) == grid.tokens(), "expected [B, {}, values], got {}",
                grid.tokens(), describe(tubelets));
  // Masked tokens are left out before the embedding: upstream embeds all and then selects, with the same result.
  Tensor x = patch_embed_.forward(ids.defined() ? gather_tokens(tubelets, ids) : tubelets);
  const Tensor tokens = ids.defined() ? ids : at::arange(grid.tokens(), x.options().dtype(at::kLong));
  const RopeTable rope = rope_table(token_positions(tokens, grid.height, grid.width), config.width / config.heads,
                                    x.scalar_type(), config.rope_angles);
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const double last = static_cast<double>(std::max<int64_t>(1, config.depth - 1));
    x = blocks_[i].forward(x, &rope, dropout, config.drop_path * static_cast<double>(i) / last);
  }
  return norm_.layer_norm(x, config.layer_norm_eps);
}

}  // namespace foresee
