#pragma once

#include <cstdint>
#include <vector>

#include "jepa/core/api/job.h"
#include "jepa/core/tensor.h"

namespace foresee {

/// How well a probe reads the true state out of embeddings, per number of the state, on rows that it was not fitted on.
/// (Table 1 of LeWorldModel, arXiv 2603.19312.)
struct ProbeScore {
  std::vector<double> mse;  // of the state z-scored by the fitted rows; 1: as good as their mean
  std::vector<double> r;    // Pearson's correlation
};

/// What a linear map from `train_x` to `train_y` says of `test_x`, both sides z-scored by the rows that are fitted.
/// @param train_x, test_x  [N, D]. @param train_y  [N, S]. @param ridge  added to the features' variance of 1.
/// @returns double [N, S] on the CPU, in the units of train_y.
Tensor least_squares(const Tensor& train_x, const Tensor& train_y, const Tensor& test_x, double ridge);

/// Least squares from embedding to state. No ridge: SIGReg leaves few directions without variance, and a ridge of a
/// thousandth cost a twentieth of r in Two-Room. (A relative 1e-8 keeps the system solvable.)
/// @param train_x, test_x  float [N, D]. @param train_y, test_y  float [N, S]; columns that do not vary score NaN.
ProbeScore linear_probe(const Tensor& train_x, const Tensor& train_y, const Tensor& test_x, const Tensor& test_y);

/// The same with a perceptron: Linear D -> 256, GELU, Linear -> 256, GELU, Linear -> S, 500 steps of 256 rows, AdamW
/// 1e-3 with a cosine. Draws (weights, rows) are of Stream::kBaseline. @throws Interrupted when stopped.
ProbeScore mlp_probe(const Tensor& train_x, const Tensor& train_y, const Tensor& test_x, const Tensor& test_y,
                     uint64_t seed, const JobControl& control = {});

}  // namespace foresee
