#include "jepa/nn/position/rope.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

// p omega_k for one axis. @returns [..., N, d].
Tensor axis_angles(const Tensor& position, int64_t d, at::ScalarType dtype, RopeAngles angles) {
  const auto options = position.options().dtype(dtype);
  const Tensor exponent = at::arange(d / 2, options).div_(static_cast<double>(d) / 2.0);
  const Tensor omega = at::pow(10000.0, exponent).reciprocal_();
  const Tensor half = position.to(dtype).unsqueeze(-1) * omega;  // [..., N, d/2]
  return angles == RopeAngles::kTiled ? at::cat({half, half}, -1) : half.repeat_interleave(2, -1);
}

}  // namespace

TokenPositions token_positions(const Tensor& ids, int64_t height, int64_t width) {
  FORESEE_CHECK(height > 0 && width > 0, "expected a grid of patches, got {} x {}", height, width);
  const Tensor row_of_clip = ids.floor_divide(width);
  return {row_of_clip.floor_divide(height), row_of_clip.remainder(height), ids.remainder(width)};
}

int64_t rotated_channels(int64_t head_dim) { return 3 * (2 * (head_dim / 3 / 2)); }

RopeTable rope_table(const TokenPositions& positions, int64_t head_dim, at::ScalarType dtype, RopeAngles angles) {
  const int64_t rotated = rotated_channels(head_dim), d = rotated / 3;
  auto shape = positions.time.sizes().vec();
  shape.push_back(head_dim);
  RopeTable table{at::ones(shape, positions.time.options().dtype(dtype)),
                  at::zeros(shape, positions.time.options().dtype(dtype))};
  if (d == 0) return table;
  const Tensor all =
      at::cat({axis_angles(positions.time, d, dtype, angles), axis_angles(positions.row, d, dtype, angles),
               axis_angles(positions.column, d, dtype, angles)},
              -1);  // [..., N, 3 d]
  table.cos.narrow(-1, 0, rotated).copy_(all.cos());
  table.sin.narrow(-1, 0, rotated).copy_(all.sin());
  table.sin.narrow(-1, 0, rotated).unflatten(-1, {rotated / 2, 2}).select(-1, 0).neg_();
  return table;
}

Tensor apply_rope(const Tensor& x, const RopeTable& table) {
  FORESEE_CHECK(x.dim() == 4 && x.size(3) == table.cos.size(-1), "expected [B, heads, N, {}], got {}",
                table.cos.size(-1), describe(x));
  const int64_t head_dim = x.size(3), rotated = rotated_channels(head_dim);
  if (rotated == 0) return x;
  // [N, 3 d] or [B, 1, N, 3 d]
  const auto factor = [&](const Tensor& t) {
    const Tensor part = t.narrow(-1, 0, rotated);
    return part.dim() == 3 ? part.unsqueeze(1) : part;
  };
  const Tensor part = x.narrow(-1, 0, rotated);
  const Tensor partner = part.unflatten(-1, {rotated / 2, 2}).flip(-1).flatten(-2);
  const Tensor turned = part * factor(table.cos) + partner * factor(table.sin);
  return rotated == head_dim ? turned : at::cat({turned, x.narrow(-1, rotated, head_dim - rotated)}, -1);
}

}  // namespace foresee
