#include "planner/space/spline.h"

#include <algorithm>
#include <vector>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

Tensor spline_weights(int64_t blocks, int64_t knots) {
  FORESEE_CHECK(knots >= 1 && knots <= blocks, "expected 1 to {} knots, got {}", blocks, knots);
  Tensor weights = at::zeros({blocks, knots}, at::kDouble);
  const auto degree = static_cast<size_t>(std::min<int64_t>(3, knots - 1));
  const auto spans = static_cast<double>(knots - static_cast<int64_t>(degree));
  const auto place = [&](int64_t i) {  // the knot vector: ends repeated, unit steps between
    return std::clamp(static_cast<double>(i) - static_cast<double>(degree), 0.0, spans);
  };
  for (int64_t block = 0; block < blocks; ++block) {
    const double at = blocks == 1 ? 0 : spans * static_cast<double>(block) / static_cast<double>(blocks - 1);
    const int64_t span = std::min(static_cast<int64_t>(at), knots - static_cast<int64_t>(degree) - 1);
    const int64_t first = span + static_cast<int64_t>(degree);  // place(first) <= at <= place(first + 1)
    std::vector<double> basis{1};                               // Cox and de Boor's recursion, one degree a turn
    for (size_t d = 1; d <= degree; ++d) {
      std::vector<double> next(d + 1, 0.0);
      for (size_t i = 0; i < d; ++i) {
        const int64_t right = first + 1 + static_cast<int64_t>(i), left = right - static_cast<int64_t>(d);
        const double share = (at - place(left)) / (place(right) - place(left));
        next[i] += (1 - share) * basis[i];
        next[i + 1] += share * basis[i];
      }
      basis = std::move(next);
    }
    for (size_t i = 0; i <= degree; ++i) weights[block][span + static_cast<int64_t>(i)] = basis[i];
  }
  return weights;
}

}  // namespace foresee::planner
