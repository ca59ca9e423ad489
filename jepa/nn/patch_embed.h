#pragma once

#include <cstdint>
#include <string>

#include "jepa/nn/affine.h"
#include "jepa/nn/position/token_grid.h"

namespace foresee {

/// A tubelet of `frames` x `size` x `size` pixels becomes one token.
struct TubeletSize {
  int64_t frames = 2, size = 16;

  int64_t values() const { return 3 * frames * size * size; }
  /// The tokens of a clip [B, 3, T, H, W]; frames and pixels beyond a multiple of the tubelet are left out.
  TokenGrid grid(const Tensor& clips) const;
};

/// Cuts clips into tubelets, so that embedding them is one matrix product and masked ones cost nothing.
/// @param clips  float [B, 3, T, H, W]. @returns [B, N, 3 * frames * size * size], tokens in the order of TokenGrid,
/// values in the order channel, frame, row, column. @throws Error on a clip smaller than a tubelet.
Tensor unfold_tubelets(const Tensor& clips, const TubeletSize& tubelet);

/// Linear embedding of tubelets; the weight has the shape of upstream's Conv3d kernel [width, 3, frames, size, size].
class PatchEmbed {
 public:
  /// Registers `path`.weight and `path`.bias.
  PatchEmbed(torch::nn::Module& module, const std::string& path, int64_t width, const TubeletSize& tubelet);

  /// @param tubelets  float [..., values] of unfold_tubelets. @returns float [..., width].
  Tensor forward(const Tensor& tubelets) const;

  Affine proj;
};

/// Rows of each sample. @param tokens  [B, N, D]. @param ids  int64 [B, K], each in 0 .. N-1. @returns [B, K, D].
Tensor gather_tokens(const Tensor& tokens, const Tensor& ids);

}  // namespace foresee
