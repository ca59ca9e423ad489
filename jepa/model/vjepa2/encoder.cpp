#include "jepa/model/vjepa2/encoder.h"

#include <fmt/format.h>

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/memory.h"
#include "jepa/core/torch.h"
#include "jepa/nn/init.h"

namespace foresee {

BlockSizes VideoEncoderConfig::block() const {
  return {width, heads, static_cast<int64_t>(static_cast<double>(width) * mlp_ratio), layer_norm_eps, qkv_bias};
}

VideoEncoderConfig VideoEncoderConfig::hugging_face() const {
  VideoEncoderConfig config = *this;
  config.position_grid = PositionGrid::kImageSize;
  config.context_masking = ContextMasking::kAfterBlocks;
  config.repeat_short_clips = true;
  return config;
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
  if (block().mlp < 1) fail<ConfigError>("mlp_ratio: expected a width of 1 or more, got {} x {}", width, mlp_ratio);
  check_memory(sizeof(float) * static_cast<double>(parameter_count()), "an encoder of this width, depth, mlp_ratio");
  const double side = static_cast<double>(image_size) / static_cast<double>(patch_size);
  const double tokens = side * side * static_cast<double>(frames) / static_cast<double>(tubelet_size);
  check_memory(sizeof(float) * tokens * static_cast<double>(width), "the tokens of one clip of this image_size");
}

void describe(Fields& f, VideoEncoderConfig& c) {
  f("image_size", c.image_size, "side of training crops, pixels", {1, 16384});
  f("frames", c.frames, "frames of a training clip", {1, 4096});
  f("patch_size", c.patch_size, "side of a patch, pixels", {1, 1024});
  f("tubelet_size", c.tubelet_size, "frames of a token", {1, 1024});
  f("width", c.width, "features of a token", {1, 65536});
  f("depth", c.depth, "transformer blocks", {1, 1000});
  f("heads", c.heads, "attention heads", {1, 1024});
  f("mlp_ratio", c.mlp_ratio, "width of the MLP over width of a token", {0.01, 64});
  f("layer_norm_eps", c.layer_norm_eps, "epsilon of every LayerNorm", {0});
  f("qkv_bias", c.qkv_bias, "whether queries, keys and values have a bias");
  f("drop_path", c.drop_path, "probability of skipping a branch in the last block, rising from 0", {0, 0.999});
  f.choice("rope_angles", c.rope_angles, kRopeAngleNames, "tiled: as V-JEPA 2 was trained; interleaved: RoFormer's");
  f.choice("position_grid", c.position_grid, kPositionGridNames,
           "rows and columns of tokens from the input's size (official) or from image_size (transformers)");
  f.choice("context_masking", c.context_masking, kContextMaskingNames,
           "whether masked tokens are dropped before the blocks (official) or after them (transformers)");
  f("repeat_short_clips", c.repeat_short_clips,
    "whether a clip shorter than a tubelet is repeated tubelet_size times (transformers) or refused (official)");
}

VideoEncoder::VideoEncoder(const VideoEncoderConfig& config)
    : config(config), patch_embed_(*this, "patch_embed.proj", config.width, config.tubelet()) {
  config.validate();
  for (int64_t i = 0; i < config.depth; ++i) blocks_.emplace_back(*this, fmt::format("blocks.{}", i), config.block());
  norm_ = add_norm(*this, "norm", config.width);
}

void VideoEncoder::initialise(uint64_t seed) { init_transformer(*this, Random(seed, Stream::kInit, 0), "blocks"); }

Tensor VideoEncoder::tubelets(const Tensor& clips, TokenGrid& grid) const {
  FORESEE_CHECK(clips.dim() == 5 && clips.size(1) == 3, "expected clips [B, 3, T, H, W], got {}",
                foresee::describe(clips));
  const bool repeat = config.repeat_short_clips && clips.size(2) < config.tubelet_size;
  const Tensor whole = repeat ? clips.repeat({1, 1, config.tubelet_size, 1, 1}) : clips;
  grid = config.tubelet().grid(whole);
  return unfold_tubelets(whole, config.tubelet());
}

RopeTable VideoEncoder::rope(const TokenGrid& grid, const Tensor& ids, const at::TensorOptions& like) const {
  const Tensor tokens = ids.defined() ? ids : at::arange(grid.tokens(), like.dtype(at::kLong));
  const int64_t side = config.image_size / config.patch_size;
  const bool own = config.position_grid == PositionGrid::kInput;
  return rope_table(token_positions(tokens, own ? grid.height : side, own ? grid.width : side),
                    config.width / config.heads, c10::typeMetaToScalarType(like.dtype()), config.rope_angles);
}

VideoEncoder::Tokens VideoEncoder::embed(const Tensor& tubelets, const TokenGrid& grid,
                                         std::span<const Tensor> ids) const {
  FORESEE_CHECK(tubelets.dim() == 3 && tubelets.size(1) == grid.tokens(), "expected [B, {}, values], got {}",
                grid.tokens(), foresee::describe(tubelets));
  // Masked tokens are left out before the embedding: upstream embeds all and then selects, with the same result.
  std::vector<Tensor> kept;
  for (const Tensor& mask : ids) kept.push_back(mask.defined() ? gather_tokens(tubelets, mask) : tubelets);
  Tokens tokens{.x = patch_embed_.forward(pack_rows(kept))};
  for (const Tensor& mask : ids) tokens.ropes.push_back(rope(grid, mask, tokens.x.options()));
  for (size_t i = 0; i < kept.size(); ++i)
    tokens.sequences.push_back({.batch = kept[i].size(0), .tokens = kept[i].size(1), .rope = &tokens.ropes[i]});
  return tokens;
}

Tensor VideoEncoder::block(size_t index, const Tensor& x, std::span<const Sequences> sequences,
                           Dropout* dropout) const {
  const double last = static_cast<double>(std::max<int64_t>(1, config.depth - 1));
  return blocks_[index].forward(x, sequences, dropout, config.drop_path * static_cast<double>(index) / last);
}

Tensor VideoEncoder::forward(const Tensor& clips, const Tensor& ids, Dropout* dropout) const {
  TokenGrid grid;
  const Tensor cut = tubelets(clips, grid);
  return forward_masks(cut, grid, {&ids, 1}, dropout).front();
}

std::vector<Tensor> VideoEncoder::forward_masks(const Tensor& tubelets, const TokenGrid& grid,
                                                std::span<const Tensor> ids, Dropout* dropout,
                                                std::span<const int64_t> layers) const {
  if (!layers.empty()) check_levels(layers, config.depth);
  const bool pick_after = config.context_masking == ContextMasking::kAfterBlocks;
  const Tensor all;
  auto tokens = embed(tubelets, grid, pick_after ? std::span(&all, 1) : ids);
  std::vector<Tensor> levels;  // [rows, width] each
  const auto keep = [&] { levels.push_back(norm_.layer_norm(tokens.x, config.layer_norm_eps)); };
  for (size_t i = 0; i < blocks_.size(); ++i) {
    tokens.x = block(i, tokens.x, tokens.sequences, dropout);
    if (std::find(layers.begin(), layers.end(), static_cast<int64_t>(i)) != layers.end()) keep();
  }
  if (layers.empty()) keep();
  const auto encoded = unpack_rows(levels.size() > 1 ? at::cat(levels, 1) : levels.front(), tokens.sequences);
  if (!pick_after) return encoded;
  std::vector<Tensor> picked;
  for (const Tensor& mask : ids)
    picked.push_back(mask.defined() ? gather_tokens(encoded.front(), mask) : encoded.front());
  return picked;
}

std::vector<Tensor> VideoEncoder::forward_levels(const Tensor& clips, std::span<const int64_t> layers,
                                                 const Tensor& ids) const {
  check_levels(layers, config.depth);
  TokenGrid grid;
  const Tensor cut = tubelets(clips, grid), all;
  const bool pick_after = ids.defined() && config.context_masking == ContextMasking::kAfterBlocks;
  std::vector<Tensor> levels = levels_of(embed(cut, grid, {pick_after ? &all : &ids, 1}), layers);
  if (pick_after)
    for (Tensor& level : levels) level = gather_tokens(level, ids);
  return levels;
}

std::vector<Tensor> VideoEncoder::forward_levels(const Tensor& tubelets, const TokenGrid& grid,
                                                 std::span<const int64_t> layers) const {
  check_levels(layers, config.depth);
  const Tensor all;
  return levels_of(embed(tubelets, grid, {&all, 1}), layers);
}

std::vector<Tensor> VideoEncoder::levels_of(Tokens tokens, std::span<const int64_t> layers) const {
  std::vector<Tensor> levels(layers.size());
  const int64_t last = *std::max_element(layers.begin(), layers.end());
  for (int64_t i = 0; i <= last; ++i) {
    tokens.x = block(static_cast<size_t>(i), tokens.x, tokens.sequences, /*dropout=*/nullptr);
    const auto wanted = std::find(layers.begin(), layers.end(), i);
    if (wanted == layers.end()) continue;
    levels[static_cast<size_t>(wanted - layers.begin())] =
        unpack_rows(norm_.layer_norm(tokens.x, config.layer_norm_eps), tokens.sequences).front();
  }
  return levels;
}

std::vector<Tensor> VideoEncoder::hidden_states(const Tensor& clips) const {
  TokenGrid grid;
  const Tensor cut = tubelets(clips, grid), all;
  auto tokens = embed(cut, grid, {&all, 1});
  std::vector<Tensor> states{unpack_rows(tokens.x, tokens.sequences).front()};
  for (size_t i = 0; i < blocks_.size(); ++i) {
    tokens.x = block(i, tokens.x, tokens.sequences, /*dropout=*/nullptr);
    states.push_back(unpack_rows(tokens.x, tokens.sequences).front());
  }
  return states;
}

void check_levels(std::span<const int64_t> layers, int64_t depth) {
  FORESEE_CHECK(!layers.empty(), "expected at least one layer");
  for (size_t i = 0; i < layers.size(); ++i) {
    FORESEE_CHECK(layers[i] >= 0 && layers[i] < depth, "expected layers in [0, {}), got {}", depth, layers[i]);
    FORESEE_CHECK(std::find(layers.begin(), layers.begin() + static_cast<int64_t>(i), layers[i]) ==
                      layers.begin() + static_cast<int64_t>(i),
                  "expected each layer once, got {} twice", layers[i]);
  }
}

}  // namespace foresee
