#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "jepa/core/tensor.h"
#include "jepa/nn/position/token_grid.h"

namespace foresee {

// Note [3-D RoPE]
// Rotary position embedding over time, row and column (facebookresearch/vjepa2, src/models/utils/modules.py). Of the
// channels of a head, the first d = 2 floor(floor(head_dim / 3) / 2) turn with the time, the next d with the row, the
// next d with the column; the rest stay. Within a segment, channels 2m and 2m+1 are a pair (a, b); channel j turns by
// the angle p omega_j at position p:
//   out[2m]   = a cos(p omega_2m)   - b sin(p omega_2m)
//   out[2m+1] = b cos(p omega_2m+1) + a sin(p omega_2m+1)
// with frequencies 10000^(-k / (d/2)), k = 0 .. d/2-1, laid over the channels as RopeAngles says.

/// Which channel j of a segment turns with which frequency k.
enum class RopeAngles {
  kTiled,        // k = j mod d/2. Upstream, and so every released V-JEPA 2 model: the two of a pair turn differently
  kInterleaved,  // k = floor(j / 2): a true rotation (Su et al. 2021); for comparisons
};
inline constexpr std::pair<RopeAngles, std::string_view> kRopeAngleNames[] = {
    {RopeAngles::kTiled, "tiled"}, {RopeAngles::kInterleaved, "interleaved"}};

/// Where tokens lie: time, row and column, of one shape [..., N]; whole or fractional numbers.
struct TokenPositions {
  Tensor time, row, column;
};

/// Positions of token ids on a grid of `height` x `width` patches; the time is unbounded.
/// @param ids  int64 [N] or [B, N].
TokenPositions token_positions(const Tensor& ids, int64_t height, int64_t width);

/// Angles of every token, computed once and shared by all layers and heads. `sin` carries the sign of the pair's
/// formula: out[j] = x[j] cos[j] + x[j ^ 1] sin[j].
struct RopeTable {
  Tensor cos,
      sin;  // [N, head_dim], or [B, N, head_dim] where each sample has its own tokens; 1 and 0 where nothing turns
};

/// @param dtype  of the model: frequencies and angles are computed in it, as upstream does.
RopeTable rope_table(const TokenPositions& positions, int64_t head_dim, at::ScalarType dtype,
                     RopeAngles angles = RopeAngles::kTiled);

/// Channels of a head that turn: 3 d.
int64_t rotated_channels(int64_t head_dim);

/// Turns queries or keys, on any device, with gradients.
/// @param x  float [B, heads, N, head_dim].
Tensor apply_rope(const Tensor& x, const RopeTable& table);

}  // namespace foresee
