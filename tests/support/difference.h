// How far two tensors are from each other.
#pragma once

#include "jepa/core/tensor.h"

namespace foresee {

/// The largest |a - b|.
inline double max_difference(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace foresee
