#pragma once

#include <cstdint>
#include <functional>

#include "jepa/core/kernel.h"

namespace foresee {

/// The quadrature of SIGReg: t_k = 3 k / (knots - 1), the characteristic function of the standard normal at t_k, and
/// trapezoid weights (twice the spacing inside, for the negative half) times that function as a window.
/// (LeJEPA, arXiv 2511.08544; stable_worldmodel.wm.loss.SIGReg.)
struct SigregQuadrature {
  Tensor t, phi, weights;  // float32 [knots], CPU
};
/// @pre knots >= 2.
SigregQuadrature sigreg_quadrature(int64_t knots);

/// The other ranks of a data-parallel step, each with as many samples and the same directions.
struct SigregRanks {
  int64_t count = 1;
  std::function<void(Tensor& tensor)> average{};  // over the ranks, in place; every rank calls it equally often
};

/// Sketched isotropic Gaussian regularisation: the Epps-Pulley statistic of one-dimensional projections,
///   N sum_k w_k ((mean_n cos(t_k p_n) - phi_k)^2 + (mean_n sin(t_k p_n))^2),  p = Z A,
/// averaged over projections and groups. Zero where every projection of every group is standard normal.
/// @param embeddings  float [T, N, D]: T groups (time steps) of N samples.
/// @param directions  float [D, M]: raw normal draws; each column is divided by its norm here.
/// @param ranks  N is the samples of all ranks: their characteristic functions are averaged (differentiably) before
/// they are compared, since a mean of statistics of parts is not the statistic of the whole. When parameters' gradients
/// are then averaged over the ranks, as data-parallel training does, they are those of one rank with all samples.
/// Fused, in float32 on the CPU with projections a multiple of 16: one pass over the projections, by the recurrence of
/// angle addition instead of a sine and a cosine per knot.
/// @returns float [], differentiable in `embeddings`. Deterministic for a fixed number of threads.
Tensor sigreg(const Tensor& embeddings, const Tensor& directions, int64_t knots, Kernel kernel = Kernel::kAutomatic,
              const SigregRanks& ranks = {});

}  // namespace foresee
