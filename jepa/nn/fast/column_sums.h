#pragma once

#include <ATen/Parallel.h>

#include "jepa/core/tensor.h"
#include "jepa/nn/fast/grain.h"

namespace foresee {

/// Sums over the rows of a pass that goes through them in parallel: the gradient of a bias. Row i belongs to lane
/// i * kLanes / rows, lanes are summed in order: the result does not depend on the number of threads.
/// @param like  of the type and on the device of the result. @param visit  (row, T* sum): works on a row and adds its
/// values to sum [columns].
/// @returns T [columns].
template <class T, class Visit>
Tensor column_sums(const Tensor& like, int64_t rows, int64_t columns, const Visit& visit) {
  constexpr int64_t kLanes = 32;
  Tensor sums = like.new_zeros({kLanes, columns});
  T* data = sums.data_ptr<T>();
  at::parallel_for(0, kLanes, rows_worth_a_thread(rows * columns / kLanes), [&](int64_t begin, int64_t end) {
    for (int64_t lane = begin; lane < end; ++lane)
      for (int64_t row = lane * rows / kLanes; row < (lane + 1) * rows / kLanes; ++row)
        visit(row, data + lane * columns);
  });
  return sums.sum(0);
}

}  // namespace foresee
