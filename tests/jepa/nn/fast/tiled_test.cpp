// Claims: a network applied tile by tile is that network, with its gradients, on any number of threads.
#include "jepa/nn/fast/tiled.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "tests/jepa/nn/fast/both_ways.h"

namespace foresee {
namespace {

using testing::draw;
using testing::expect_both_ways_agree;

TEST(Tiled, FusedIsPlainWithItsGradients) {
  const Affine map = testing::draw_affine(5, 7, 1000);
  const Tensor x = draw({101, 7});
  const auto network = [&](const Tensor& part) { return map.linear(part).tanh(); };
  for (const int64_t tile : {3, 200}) {
    const auto run = [&](Kernel kernel) {
      return std::vector{tiled(x, {map.weight, map.bias}, tile, network, kernel)};
    };
    expect_both_ways_agree(run, {map.weight, map.bias});
  }
}

TEST(Tiled, GradientsDoNotDependOnThreads) {
  const Random draws(1, Stream::kTest);
  const Tensor x = draws.normal_tensor({101, 7}), weight = draws.normal_tensor({5, 7}, 1000).requires_grad_();
  const auto gradient = [&](int threads) {
    const int before = at::get_num_threads();
    at::set_num_threads(threads);
    weight.mutable_grad() = Tensor();
    const Tensor y = tiled(x, {weight}, 3, [&](const Tensor& part) { return at::linear(part, weight).tanh(); });
    y.square().sum().backward();
    at::set_num_threads(before);
    return weight.grad().clone();
  };
  const Tensor one = gradient(1);
  EXPECT_TRUE(at::equal(one, gradient(2)));
  weight.mutable_grad() = Tensor();
  at::linear(x, weight).tanh().square().sum().backward();
  EXPECT_TRUE(at::allclose(one, weight.grad(), 1e-5, 1e-4));
}

}  // namespace
}  // namespace foresee
