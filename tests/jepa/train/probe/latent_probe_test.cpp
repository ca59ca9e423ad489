// Probes find what is in embeddings, say nothing of what is not, and tell linear from nonlinear.
#include "jepa/train/probe/latent_probe.h"

#include <gtest/gtest.h>

#include <cmath>

#include "jepa/core/random.h"

namespace foresee {
namespace {

Tensor draws(at::IntArrayRef shape, uint64_t seed) { return Random(seed, Stream::kTest).normal_tensor(shape); }

TEST(LinearProbe, FindsALinearMapAndNothingElse) {
  const Tensor x = draws({400, 6}, 1), map = draws({6, 1}, 2);
  const Tensor y = at::cat({x.mm(map) * 40 + 7, draws({400, 1}, 3)}, 1);
  const ProbeScore score = linear_probe(x.slice(0, 0, 200), y.slice(0, 0, 200), x.slice(0, 200), y.slice(0, 200));
  EXPECT_GT(score.r[0], 0.99999);
  EXPECT_LT(score.mse[0], 1e-6);
  EXPECT_LT(std::abs(score.r[1]), 0.3);
  EXPECT_GT(score.mse[1], 0.8);  // in units of the state's variance
}

TEST(LinearProbe, ReadsDirectionsOfLittleVariance) {
  const Tensor x = draws({400, 4}, 1);
  const Tensor small = x * at::tensor({1.0, 1.0, 1.0, 1e-3}), y = x.slice(1, 3);
  const ProbeScore score =
      linear_probe(small.slice(0, 0, 200), y.slice(0, 0, 200), small.slice(0, 200), y.slice(0, 200));
  EXPECT_GT(score.r[0], 0.9999);
}

TEST(LinearProbe, SaysNothingOfAStateThatDoesNotVary) {
  const Tensor x = draws({40, 3}, 1), y = at::full({40, 1}, 2.5);
  const ProbeScore score = linear_probe(x, y, x, y);
  EXPECT_TRUE(std::isnan(score.r[0]));
  EXPECT_TRUE(std::isnan(score.mse[0]));
}

TEST(MlpProbe, FindsWhatALinearOneCannot) {
  const Tensor x = draws({1200, 3}, 1), y = (x.slice(1, 0, 1) * x.slice(1, 1, 2));
  const auto split = [](const Tensor& t) { return std::pair(t.slice(0, 0, 800), t.slice(0, 800)); };
  const auto [fit_x, test_x] = split(x);
  const auto [fit_y, test_y] = split(y);
  EXPECT_LT(std::abs(linear_probe(fit_x, fit_y, test_x, test_y).r[0]), 0.3);
  const ProbeScore mlp = mlp_probe(fit_x, fit_y, test_x, test_y, 5);
  EXPECT_GT(mlp.r[0], 0.95);
  EXPECT_LT(mlp.mse[0], 0.1);
  EXPECT_EQ(mlp.r[0], mlp_probe(fit_x, fit_y, test_x, test_y, 5).r[0]);  // a function of the seed
}

}  // namespace
}  // namespace foresee
