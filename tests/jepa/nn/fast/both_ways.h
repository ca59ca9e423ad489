#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "jepa/core/kernel.h"
#include "jepa/core/random.h"
#include "jepa/core/tensor.h"
#include "jepa/nn/affine.h"

namespace foresee::testing {

/// Normal draws; `first` makes them different ones.
inline Tensor draw(at::IntArrayRef shape, uint64_t first = 0, at::ScalarType type = at::kFloat) {
  return Random(1, Stream::kTest).normal_tensor(shape, first).to(type);
}

inline Tensor draw_double(at::IntArrayRef shape, uint64_t first = 0) { return draw(shape, first, at::kDouble); }

inline Affine draw_affine(int64_t out, int64_t in, uint64_t first) {
  return {(draw({out, in}, first) * 0.3).requires_grad_(), draw({out}, first + 500000).requires_grad_()};
}

inline Affine draw_norm(int64_t width, uint64_t first) {
  return {(draw({width}, first) * 0.2 + 1).requires_grad_(), draw({width}, first + 500000).requires_grad_()};
}

/// Holds two tensors against each other. @param tolerance  of the largest difference, relative to the largest value.
inline void expect_close(const Tensor& one, const Tensor& other, double tolerance, const std::string& what) {
  ASSERT_EQ(one.sizes(), other.sizes()) << what;
  const double scale = std::max(1e-6, other.abs().max().item<double>());
  EXPECT_LE((one.to(at::kDouble) - other.to(at::kDouble)).abs().max().item<double>(), tolerance * scale) << what;
}

/// Holds the fused way of a function against the plain one: values, and gradients by the inputs that want one.
inline void expect_both_ways_agree(const std::function<std::vector<Tensor>(Kernel)>& function,
                                   const std::vector<Tensor>& inputs, double tolerance = 2e-5) {
  const auto fused = function(Kernel::kFused), plain = function(Kernel::kPlain);
  ASSERT_EQ(fused.size(), plain.size());
  for (size_t i = 0; i < plain.size(); ++i) expect_close(fused[i], plain[i], tolerance, fmt::format("output {}", i));
  if (inputs.empty()) return;
  const auto gradients = [&](const std::vector<Tensor>& outputs) {
    Tensor loss = at::zeros({}, outputs.front().options());
    for (size_t i = 0; i < outputs.size(); ++i)
      loss = loss + (outputs[i] * draw(outputs[i].sizes(), 1000000 * (i + 1), outputs[i].scalar_type())).sum();
    return torch::autograd::grad({loss}, inputs);
  };
  const auto found = gradients(fused), expected = gradients(plain);
  for (size_t i = 0; i < inputs.size(); ++i)
    expect_close(found[i], expected[i], tolerance, fmt::format("gradient {}", i));
}

}  // namespace foresee::testing
