#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <vector>

#include "jepa/core/config.h"
#include "jepa/core/random.h"
#include "jepa/nn/block.h"
#include "jepa/nn/patch_embed.h"

namespace foresee {

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

  TubeletSize tubelet() const { return {tubelet_size, patch_size}; }
  BlockSizes block() const;
  /// The grid of a training clip.
  TokenGrid grid() const { return {frames / tubelet_size, image_size / patch_size, image_size / patch_size}; }
  int64_t parameter_count() const;
  void validate() const;
};
void describe(Fields& fields, VideoEncoderConfig& config);

/// The V-JEPA 2 video transformer (VisionTransformer with use_rope): tubelets, 3-D RoPE, pre-norm blocks, final norm;
/// parameter names as upstream. Weights are zero until initialise() or load_state_dict().
class VideoEncoder : public torch::nn::Module {
 public:
  explicit VideoEncoder(const VideoEncoderConfig& config);

  /// Fills the weights (init_transformer) with draws of Stream::kInit.
  void initialise(uint64_t seed);

  /// Encodes whole clips, or some of their tokens that see only each other.
  /// @param clips  float [B, 3, T, H, W], normalised; any size, positions follow the actual grid.
  /// @param ids  int64 [B, K], which tokens; undefined: all. Their order is kept.
  /// @returns float [B, N or K, width], after the final norm.
  Tensor forward(const Tensor& clips, const Tensor& ids = {}, Dropout* dropout = nullptr) const;

  /// The same from tubelets that are cut already (unfold_tubelets), for several masks of one clip.
  /// @param tubelets  float [B, N, values] with N = grid.tokens().
  Tensor forward_tubelets(const Tensor& tubelets, const TokenGrid& grid, const Tensor& ids = {},
                          Dropout* dropout = nullptr) const;

  const VideoEncoderConfig config;

 private:
  PatchEmbed patch_embed_;
  std::vector<Block> blocks_;
  Affine norm_;
};

}  // namespace foresee
