#pragma once

#include <cstdint>

#include "jepa/core/tensor.h"

namespace foresee::planner {

/// Numbers of each row and where they lie.
struct Smallest {
  Tensor values;  // [B, count], ascending
  Tensor index;   // int64 [B, count]
};

/// The smallest numbers of each row; of equal ones the first. As at::topk, which on the CPU asks the allocator anew in
/// every call. @param rows  float or double [B, K], none of them NaN. @param count  at most K.
Smallest smallest(const Tensor& rows, int64_t count);

}  // namespace foresee::planner
