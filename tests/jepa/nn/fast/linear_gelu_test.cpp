// Claims: a linear map and its GELU in one pass are both operators with their gradients.
#include "jepa/nn/fast/linear_gelu.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "tests/jepa/nn/fast/both_ways.h"

namespace foresee {
namespace {

using testing::draw;
using testing::draw_double;
using testing::expect_both_ways_agree;

TEST(LinearGelu, FusedIsPlainWithItsGradients) {
  const Tensor x = draw({5, 40, 24}).requires_grad_();
  const Affine map = testing::draw_affine(30, 24, 20000);
  const auto gelu = [&](Kernel kernel) { return std::vector{linear_gelu(x, map.weight, map.bias, kernel)}; };
  expect_both_ways_agree(gelu, {x, map.weight, map.bias});
  EXPECT_THROW(linear_gelu(x.to(at::kDouble), map.weight.to(at::kDouble), {}, Kernel::kFused), Error);
}

TEST(LinearGelu, IsItsFormulaWithItsGradients) {
  for (const bool with_bias : {true, false}) {
    const Tensor x = draw_double({5, 40, 24}).to(at::kFloat).requires_grad_();
    const Tensor weight = draw_double({30, 24}, 20000).to(at::kFloat).requires_grad_();
    const Tensor bias = with_bias ? draw_double({30}, 30000).to(at::kFloat).requires_grad_() : Tensor();
    const Tensor mine = linear_gelu(x, weight, bias);
    const Tensor plain =
        at::gelu(at::linear(x.to(at::kDouble), weight.to(at::kDouble), with_bias ? bias.to(at::kDouble) : bias));
    EXPECT_LT((mine - plain).abs().max().item<double>(), 5e-6);  // of values up to 20
    const Tensor slope = draw_double(plain.sizes(), 40000);
    std::vector<Tensor> inputs{x, weight};
    if (with_bias) inputs.push_back(bias);
    const auto found = torch::autograd::grad({(mine * slope.to(at::kFloat)).sum()}, inputs),
               expected = torch::autograd::grad({(plain * slope).sum()}, inputs);
    for (size_t i = 0; i < inputs.size(); ++i) EXPECT_TRUE(at::allclose(found[i], expected[i], 1e-4, 1e-4)) << i;
    const torch::NoGradGuard no_grad;
    EXPECT_TRUE(at::equal(linear_gelu(x, weight, bias), mine));
  }
}

TEST(LinearGelu, KeepsItsLimits) {
  const Tensor x = at::tensor({-100.0f, -10.0f, 0.0f, 10.0f, 100.0f, INFINITY, NAN}).unsqueeze(1);
  const Tensor y = linear_gelu(x, at::ones({1, 1}), at::zeros({1})).flatten();
  EXPECT_TRUE(at::allclose(y.slice(0, 0, 6), at::tensor({0.0f, 0.0f, 0.0f, 10.0f, 100.0f, INFINITY})));
  EXPECT_TRUE(std::isnan(y[6].item<float>()));
}

}  // namespace
}  // namespace foresee
