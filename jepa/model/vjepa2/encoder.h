#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "jepa/core/config.h"
#include "jepa/core/random.h"
#include "jepa/nn/block.h"
#include "jepa/nn/patch_embed.h"

namespace foresee {

// Note [V-JEPA 2 variants]
// The official code and transformers' VJEPA2Model compute different things from the same weights. Each difference is an
// option of VideoEncoderConfig that defaults to the official code; hugging_face() sets all of them at once.

/// Which grid of patches turns a token's id into its row and column.
enum class PositionGrid {
  kInput,      // the clip's own: official (handle_nonsquare_inputs)
  kImageSize,  // the square of image_size, whatever the clip's size: transformers (VJEPA2RopeAttention)
};
inline constexpr std::pair<PositionGrid, std::string_view> kPositionGridNames[] = {
    {PositionGrid::kInput, "input"}, {PositionGrid::kImageSize, "image_size"}};

/// When tokens outside a mask are dropped.
enum class ContextMasking {
  kBeforeBlocks,  // official: context tokens see only each other
  kAfterBlocks,   // transformers: the whole clip is encoded, then the context is picked from it
};
inline constexpr std::pair<ContextMasking, std::string_view> kContextMaskingNames[] = {
    {ContextMasking::kBeforeBlocks, "before_blocks"}, {ContextMasking::kAfterBlocks, "after_blocks"}};

/// Architecture of a video encoder. Defaults: V-JEPA 2 ViT-L at 256 px (facebookresearch/vjepa2 configs/train/vitl16).
struct VideoEncoderConfig {
  int64_t image_size = 256;  // pixels, the side of training crops; the masked predictor takes its grid from it
  int64_t frames = 16;       // of a training clip
  int64_t patch_size = 16;   // pixels
  int64_t tubelet_size = 2;  // frames
  int64_t width = 1024, depth = 24, heads = 16;
  double mlp_ratio = 4.0;  // MLP width = floor(width * ratio)
  double layer_norm_eps = 1e-6;
  bool qkv_bias = true;
  double drop_path =
      0.0;  // probability at the last block, rising linearly from 0 at the first; 0 in every published run
  RopeAngles rope_angles = RopeAngles::kTiled;
  PositionGrid position_grid = PositionGrid::kInput;
  ContextMasking context_masking = ContextMasking::kBeforeBlocks;
  bool repeat_short_clips = false;  // transformers: a clip of fewer than tubelet_size frames comes tubelet_size times
                                    // over; official: an error

  /// The same architecture as transformers runs it.
  VideoEncoderConfig hugging_face() const;
  TubeletSize tubelet() const { return {tubelet_size, patch_size}; }
  BlockSizes block() const;
  /// The grid of a training clip.
  TokenGrid grid() const { return {frames / tubelet_size, image_size / patch_size, image_size / patch_size}; }
  int64_t parameter_count() const;
  void validate() const;
};
void describe(Fields& fields, VideoEncoderConfig& config);

/// @throws Error unless `layers` is a list of different blocks of a network of `depth`.
void check_levels(std::span<const int64_t> layers, int64_t depth);

/// The V-JEPA 2 video transformer (VisionTransformer with use_rope): tubelets, 3-D RoPE, pre-norm blocks, final norm;
/// parameter names as upstream. Weights are zero until initialise() or load_state_dict().
class VideoEncoder : public torch::nn::Module {
 public:
  explicit VideoEncoder(const VideoEncoderConfig& config);

  /// Fills the weights (init_transformer) with draws of Stream::kInit.
  void initialise(uint64_t seed);

  /// Encodes whole clips, or some of their tokens (config.context_masking says what those see).
  /// @param clips  float [B, 3, T, H, W], normalised; any size, positions follow config.position_grid.
  /// @param ids  int64 [B, K], which tokens; undefined: all. Their order is kept.
  /// @returns float [B, N or K, width], after the final norm.
  Tensor forward(const Tensor& clips, const Tensor& ids = {}, Dropout* dropout = nullptr) const;

  /// The same from tubelets that are cut already (unfold_tubelets), under several masks at once.
  /// @param tubelets  float [B, N, values] with N = grid.tokens(). @param ids  of each mask, as forward.
  /// @param layers  0-based blocks, ascending: their features side by side instead of the last block's alone, each
  /// after the final norm. Empty: the last.
  /// @returns float [B, N or K, width] for each mask; with layers [B, N or K, layers * width].
  std::vector<Tensor> forward_masks(const Tensor& tubelets, const TokenGrid& grid, std::span<const Tensor> ids,
                                    Dropout* dropout = nullptr, std::span<const int64_t> layers = {}) const;

  /// Features of several depths, as upstream's out_layers.
  /// @param layers  0-based blocks, each at most once, in any order. @param ids  as forward.
  /// @returns one [B, N or K, width] for each of `layers`, in their order, each after the final norm.
  std::vector<Tensor> forward_levels(const Tensor& clips, std::span<const int64_t> layers,
                                     const Tensor& ids = {}) const;
  /// The same from tubelets that are cut already, all tokens. @param tubelets  as forward_masks.
  std::vector<Tensor> forward_levels(const Tensor& tubelets, const TokenGrid& grid,
                                     std::span<const int64_t> layers) const;

  /// What enters the first block and leaves every block, without the final norm: depth + 1 of [B, N, width]
  /// (transformers' output_hidden_states).
  std::vector<Tensor> hidden_states(const Tensor& clips) const;

  const VideoEncoderConfig config;

  const PatchEmbed& patch_embed() const { return patch_embed_; }
  const std::vector<Block>& blocks() const { return blocks_; }
  const Affine& norm() const { return norm_; }
  /// Angles of tokens of a clip with this grid. @param ids  undefined: all tokens.
  RopeTable rope(const TokenGrid& grid, const Tensor& ids, const at::TensorOptions& like) const;
  /// The clip as it is cut into tubelets: repeated where it is short and the config says so.
  Tensor tubelets(const Tensor& clips, TokenGrid& grid) const;

 private:
  struct Tokens {
    Tensor x;                          // [rows, width], embedded (Note [Packed sequences])
    std::vector<RopeTable> ropes;      // of each mask
    std::vector<Sequences> sequences;  // of each mask; they point into `ropes`
  };
  Tokens embed(const Tensor& tubelets, const TokenGrid& grid, std::span<const Tensor> ids) const;
  std::vector<Tensor> levels_of(Tokens tokens, std::span<const int64_t> layers) const;
  Tensor block(size_t index, const Tensor& x, std::span<const Sequences> sequences, Dropout* dropout) const;

  PatchEmbed patch_embed_;
  std::vector<Block> blocks_;
  Affine norm_;
};

}  // namespace foresee
