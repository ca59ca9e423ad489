#pragma once

#include <string>
#include <vector>

#include "jepa/io/model_folder.h"
#include "jepa/model/lewm/config.h"
#include "jepa/nn/fast/residual_norm.h"
#include "jepa/nn/sequences.h"

namespace foresee {

/// The patches of pictures, normalised: (x / 255 - mean) / std. One pass over the pixels.
/// @param frames  uint8 [N, 3, H, W], H and W % patch == 0.
/// @returns float [N, H/patch * W/patch, 3 * patch * patch], a patch laid out as a Conv2d kernel (channel, row,
/// column).
Tensor picture_patches(const Tensor& frames, const Preprocess& preprocess, int64_t patch);

/// Hugging Face's ViTModel without pooler (transformers 4 names): pre-norm blocks, class token first,
/// learned positions that are interpolated (bicubic) for pictures of another size.
class LewmVit {
 public:
  /// Registers the tensors below `path` of `module`.
  LewmVit(torch::nn::Module& module, const std::string& path, const LewmVitConfig& config);

  /// Class token and patches with their positions. @param patches  float [N, rows * columns, 3 * patch^2].
  /// @returns float [N, 1 + rows * columns, width].
  Tensor tokens(const Tensor& patches, int64_t rows, int64_t columns) const;
  /// Every token after the last norm. @param tokens  float [N, 1 + P, width]. @returns the same shape.
  Tensor forward(const Tensor& tokens) const;
  /// The class token of `forward` alone. The last block runs for that token only, which is exact and saves a quarter
  /// of a four-layer network: see the note in the source. @returns float [N, width].
  Tensor class_token(const Tensor& tokens) const;

  /// class_token(tokens(patches, ...)), tile by tile where that is faster (see tiled). @returns float [N, width].
  Tensor encode(const Tensor& patches, int64_t rows, int64_t columns) const;

  struct Layer {
    Affine norm_before, query, key, value, attention_out, norm_after, mlp_in, mlp_out;
  };

  const LewmVitConfig config;
  Tensor cls, positions;  // [1, 1, width], [1, 1 + P, width]
  Tensor patch_weight, patch_bias;
  std::vector<Layer> layers;
  Affine norm;
  std::vector<Tensor> parameters;  // all of the above

 private:
  /// The stream behind the first `count` blocks and the norm that follows. @param tokens  float [N, 1 + P, width].
  ResidualNorm blocks(const Tensor& tokens, size_t count, const Sequences& pictures) const;
};

}  // namespace foresee
