#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee {

// Note [VIScore]
// How well a world model can plan, from recorded episodes alone (Wu, Balestriero and Levine, arXiv
// 2608.11174): the product of
//   veracity   V = erf((d / 2) / (sqrt(2) s)): whether a roll-out tells states apart that lie a tolerance d apart,
//   where
//              s^2 = NMSE(H) tr Cov(z) is its error after H blocks;
//   influence  I = min(m / 82, 1): m nats is the capacity of the channel from actions to futures,
//              m = sum log(1 + eigenvalues(N^-1/2 S N^-1/2)) / 2, S the covariance of what actions change, N the noise:
//              the one-step residuals' covariance, scaled to the trace s^2;
//   sobriety   S = 1 - p: p is the share of starts where a search finds a plan that the model likes better than the
//              recorded one, although that one reached the goal.
// 82 nats is the authors' calibration; m is reported beside I.

/// Capacity at which influence is full, nats.
inline constexpr double kFullInfluence = 82;

/// tr Cov of the rows, divided by F - 1. @param z  [F, D], F > 1.
double total_variance(const Tensor& z);
/// Mean squared distance of the rows over `variance`. @param predicted, truth  [n, D].
double normalised_error(const Tensor& predicted, const Tensor& truth, double variance);
/// s of Note [VIScore]: sqrt(max(error, 1e-9) variance).
double rollout_deviation(double error, double variance);
/// V of Note [VIScore]. @param tolerance  latent distance of states that are just told apart.
double veracity(double tolerance, double deviation);

/// (1 - 0.1) Cov + 0.1 diag(Cov): off the diagonal a tenth less, so that few rows do. @param x  [n, D], n > 1.
Tensor shrunk_covariance(const Tensor& x);
/// m of Note [VIScore], nats. @param changes  [m, D], of the last prediction by changed plans.
/// @param residuals  [w, D], one-step errors. @param deviation  s.
double empowerment(const Tensor& changes, const Tensor& residuals, double deviation);
/// I of Note [VIScore].
double influence(double nats);

/// Two rows, and how far the task's and the nuisance's numbers move between them.
struct RowPair {
  int64_t first = 0, second = 0;
  double moved = 0, nuisance = 0;
};
/// The latent distance that belongs to a tolerance: the median over the pairs that move by 0.8 to 1.2 tolerances; of
/// these, where at least 30 remain, the quarter whose nuisance moves least. Nothing for fewer than 30 pairs.
/// @param z  [F, D].
std::optional<double> latent_tolerance(const Tensor& z, std::vector<RowPair> pairs, double tolerance,
                                       bool has_nuisance);

}  // namespace foresee
