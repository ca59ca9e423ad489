#include "planner/smallest.h"

#include <algorithm>
#include <numeric>

#include "jepa/core/torch.h"

namespace foresee::planner {

Smallest smallest(const Tensor& rows, int64_t count) {
  if (!rows.is_cpu()) {
    const auto [values, index] = at::topk(rows, count, /*dim=*/1, /*largest=*/false, /*sorted=*/true);
    return {values, index};
  }
  const Tensor numbers = rows.contiguous();
  const Tensor order = at::empty(rows.sizes(), rows.options().dtype(at::kLong));
  AT_DISPATCH_FLOATING_TYPES(rows.scalar_type(), "smallest", [&] {
    for (int64_t row = 0; row < rows.size(0); ++row) {
      const auto* value = numbers.const_data_ptr<scalar_t>() + row * rows.size(1);
      auto* first = order.mutable_data_ptr<int64_t>() + row * rows.size(1);
      std::iota(first, first + rows.size(1), 0);
      std::partial_sort(first, first + count, first + rows.size(1),
                        [&](int64_t a, int64_t b) { return value[a] < value[b] || (value[a] == value[b] && a < b); });
    }
  });
  const Tensor index = order.narrow(1, 0, count).contiguous();
  return {numbers.gather(1, index), index};
}

}  // namespace foresee::planner
