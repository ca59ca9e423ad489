#pragma once

#include <cstdint>

#include "jepa/core/tensor.h"

namespace foresee {

/// Sums over samples of cos(t_k p) and sin(t_k p), t_k = k dt, from c = cos(dt p) and s = sin(dt p).
/// @param c, s  float [T, N, M], contiguous, CPU.
/// @returns float [T, knots, 2, M]: means of cosines, then of sines.
Tensor empirical_characteristic(const Tensor& c, const Tensor& s, int64_t knots);

/// sum_k (b_k cos(t_k p) - a_k sin(t_k p)) for every element: the derivative of the statistic by p.
/// @param coefficients  float [T, knots, 2, M]: a, then b.
/// @returns float [T, N, M].
Tensor characteristic_gradient(const Tensor& c, const Tensor& s, const Tensor& coefficients);

}  // namespace foresee
