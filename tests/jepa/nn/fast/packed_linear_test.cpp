// Claims: a linear map laid out for many products is that map, in either precision.
#include "jepa/nn/fast/packed_linear.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "tests/jepa/nn/fast/both_ways.h"

namespace foresee {
namespace {

using testing::draw;
using testing::expect_both_ways_agree;

TEST(PackedLinear, FusedIsPlain) {
  const torch::NoGradGuard no_grad;
  const Affine map = testing::draw_affine(40, 24, 1000);
  for (const bool with_bias : {true, false})
    for (const auto precision : {Precision::kFloat32, Precision::kBFloat16}) {
      const Tensor x = draw({3, 50, 24}, 9000).to(dtype_of(precision, at::kCPU));
      const auto both = [&](Kernel kernel) {
        const PackedLinear packed({map.weight, with_bias ? map.bias : Tensor()}, precision, 150, kernel);
        return std::vector{packed.forward(x), packed.forward_gelu(x)};
      };
      expect_both_ways_agree(both, {}, x.scalar_type() == at::kFloat ? 2e-5 : 2e-2);
    }
}

TEST(PackedLinear, RoundsWeightsToThePrecision) {
  const torch::NoGradGuard no_grad;
  const Affine map = testing::draw_affine(40, 24, 1000);
  const Tensor x = draw({50, 24}, 9000).to(at::kBFloat16).to(dtype_of(Precision::kBFloat16, at::kCPU));
  const Tensor half = PackedLinear(map, Precision::kBFloat16, 50, Kernel::kPlain).forward(x).to(at::kFloat);
  const Affine rounded{map.weight.to(at::kBFloat16).to(at::kFloat), map.bias.to(at::kBFloat16).to(at::kFloat)};
  testing::expect_close(half, rounded.linear(x.to(at::kFloat)), 1e-2, "rounded");
  EXPECT_GT((half - map.linear(x.to(at::kFloat))).abs().max().item<double>(), 1e-4) << "nothing was rounded";
}

}  // namespace
}  // namespace foresee
