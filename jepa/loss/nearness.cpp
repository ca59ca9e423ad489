#include "jepa/loss/nearness.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

/// float [B, N, 3]: time, row, column.
Tensor places(const Tensor& ids, int64_t height, int64_t width) {
  const Tensor time = ids.div(height * width, "floor"), inside = ids.remainder(height * width);
  return at::stack({time, inside.div(width, "floor"), inside.remainder(width)}, -1).to(at::kFloat);
}

}  // namespace

Tensor nearness(const Tensor& seen, const Tensor& hidden, int64_t height, int64_t width) {
  FORESEE_CHECK(seen.dim() == 2 && hidden.dim() == 2 && seen.size(0) == hidden.size(0) && hidden.size(1) > 0,
                "expected ids [B, Nc] and [B, Nt], got {} and {}", describe(seen), describe(hidden));
  FORESEE_CHECK(height > 0 && width > 0, "expected a grid of 1 x 1 tokens or more, got {} x {}", height, width);
  constexpr int64_t kExactly = 2;  // not by matrix products
  const Tensor apart =
      at::cdist(places(seen, height, width), places(hidden, height, width), /*p=*/2.0, kExactly);  // [B, Nc, Nt]
  return apart.amin(2).clamp_min(1).rsqrt();
}

}  // namespace foresee
