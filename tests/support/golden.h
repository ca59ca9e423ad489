#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee {

// The recorded golden values of the official V-JEPA 2 code (float64) have weights and inputs of an integer hash.

/// Element e of tensor p, in [-0.5, 0.5): double.
inline Tensor hash_fill(at::IntArrayRef shape, uint32_t p) {
  Tensor out = at::empty(shape, at::kDouble);
  for (int64_t e = 0; e < out.numel(); ++e) {
    uint32_t h = static_cast<uint32_t>(e) * 2654435761u + p * 40503u + 12345u;
    h ^= h >> 15;
    h *= 2246822519u;
    h ^= h >> 13;
    out.data_ptr<double>()[e] = static_cast<double>(h) / 4294967296.0 - 0.5;
  }
  return out;
}

/// Makes the module double and fills its parameters; p counts them in their order. Norm gains 1 + 0.2 u, other weights
/// 0.5 u, all else 0.2 u.
inline void golden_fill(torch::nn::Module& module) {
  torch::NoGradGuard no_grad;
  module.to(at::kDouble);
  uint32_t p = 0;
  for (auto& entry : module.named_parameters()) {
    const Tensor u = hash_fill(entry.value().sizes(), p++);
    const bool weight = entry.key().ends_with(".weight");
    entry.value().copy_(weight && u.dim() == 1 ? 1.0 + 0.2 * u : weight ? 0.5 * u : 0.2 * u);
  }
}

/// Holds sums and the first and last four elements; no `last`: not compared.
inline void expect_golden(const Tensor& value, double sum, double abs_sum, const std::vector<double>& first,
                          const std::vector<double>& last) {
  EXPECT_NEAR(value.sum().item<double>(), sum, 1e-7);
  EXPECT_NEAR(value.abs().sum().item<double>(), abs_sum, 1e-7);
  const Tensor flat = value.flatten();
  for (int64_t i = 0; i < 4; ++i) EXPECT_NEAR(flat[i].item<double>(), first[static_cast<size_t>(i)], 1e-7);
  for (size_t i = 0; i < last.size(); ++i)
    EXPECT_NEAR(flat[flat.size(0) - 4 + static_cast<int64_t>(i)].item<double>(), last[i], 1e-7);
}

}  // namespace foresee
