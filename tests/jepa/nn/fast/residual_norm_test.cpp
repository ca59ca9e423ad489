// Claims: a sum and the norm behind it, in one pass, are both operators with their gradients.
#include "jepa/nn/fast/residual_norm.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "tests/jepa/nn/fast/both_ways.h"

namespace foresee {
namespace {

using testing::draw;
using testing::draw_double;
using testing::expect_both_ways_agree;

TEST(ResidualNorm, FusedIsPlainWithItsGradients) {
  const Tensor x = draw({70, 24}).requires_grad_(), branch = draw({70, 24}, 5000).requires_grad_(),
               bias = draw({24}, 9000).requires_grad_();
  const Affine norm = testing::draw_norm(24, 9100);
  const auto both = [&](Kernel kernel) {
    const ResidualNorm out = residual_norm(x, branch, bias, norm, 1e-6, kernel);
    return std::vector{out.stream, out.normed};
  };
  expect_both_ways_agree(both, {x, branch, bias, norm.weight, norm.bias});
  EXPECT_THROW(residual_norm(x.to(at::kDouble), branch.to(at::kDouble), bias, norm, 1e-6, Kernel::kFused), Error);
}

TEST(AddAndNorm, FusedIsPlain) {
  const Affine norm = testing::draw_norm(70, 9100);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const auto both = [&](Kernel kernel) {
      Tensor stream = draw({3, 7, 70});
      const Tensor normed = add_and_norm(stream, draw({3, 7, 70}, 5000).to(type), norm, 1e-6, at::kFloat, kernel);
      return std::vector{stream, normed};
    };
    expect_both_ways_agree(both, {});
  }
}

TEST(ResidualNorm, IsItsFormulaWithItsGradientsWhateverIsRead) {
  const auto in_float = [](const Tensor& t) { return t.to(at::kFloat).requires_grad_(); };
  const Tensor x = in_float(draw_double({70, 24})), branch = in_float(draw_double({70, 24}, 5000)),
               bias = in_float(draw_double({24}, 9000));
  const Affine norm{in_float(draw_double({24}, 9100)), in_float(draw_double({24}, 9200))};
  const std::vector<Tensor> inputs{x, branch, bias, norm.weight, norm.bias};
  const ResidualNorm mine = residual_norm(x, branch, bias, norm, 1e-6);
  const Tensor stream = x.to(at::kDouble) + branch.to(at::kDouble) + bias.to(at::kDouble);
  const Tensor normed = Affine{norm.weight.to(at::kDouble), norm.bias.to(at::kDouble)}.layer_norm(stream, 1e-6);
  EXPECT_LT((mine.stream - stream).abs().max().item<double>(), 2e-6);
  EXPECT_LT((mine.normed - normed).abs().max().item<double>(), 2e-5);
  const Tensor on_stream = draw_double({70, 24}, 10000), on_norm = draw_double({70, 24}, 20000);
  for (const auto& [first, second] : {std::pair{1.0, 1.0}, {0.0, 1.0}, {1.0, 0.0}}) {  // read: both, norm, stream
    Tensor loss = at::zeros({}, at::kDouble), expected_loss = loss;
    if (first > 0) loss = loss + (mine.stream * on_stream).sum(), expected_loss = (stream * on_stream).sum();
    if (second > 0) {
      loss = loss + (mine.normed * on_norm).sum();
      expected_loss = expected_loss + (normed * on_norm).sum();
    }
    const auto found = torch::autograd::grad({loss}, inputs, {}, /*retain_graph=*/true, false, /*allow_unused=*/true),
               expected = torch::autograd::grad({expected_loss}, inputs, {}, true, false, true);
    for (size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_EQ(found[i].defined(), expected[i].defined()) << i;
      if (found[i].defined()) {
        EXPECT_TRUE(at::allclose(found[i], expected[i], 1e-4, 1e-4)) << i;
      }
    }
  }
}

TEST(AddAndNorm, IsBothOperators) {
  const Tensor x = draw({3, 7, 70}, 10000), branch = draw({3, 7, 70}, 20000);
  const Affine norm{draw({70}, 30000) + 1, draw({70}, 40000)};
  for (const auto branch_type : {at::kFloat, at::kBFloat16}) {
    Tensor stream = x.clone();
    const Tensor added = branch.to(branch_type);
    const Tensor normed = add_and_norm(stream, added, norm, 1e-6, at::kFloat), sum = x + added.to(at::kFloat);
    EXPECT_TRUE(at::equal(stream, sum));
    EXPECT_TRUE(at::allclose(normed, norm.layer_norm(sum, 1e-6), 1e-5, 1e-5));
    EXPECT_TRUE(at::allclose(add_and_norm(stream, {}, norm, 1e-6, at::kBFloat16).to(at::kFloat), normed, 4e-3, 1e-5));
    EXPECT_TRUE(at::equal(stream, sum));
  }
  Tensor stream = x.clone();
  EXPECT_THROW(add_and_norm(stream, branch.narrow(0, 0, 1), norm, 1e-6, at::kFloat), Error);
}

}  // namespace
}  // namespace foresee
