// Claims: the factors of VIScore are those of the NumPy transcription (tools/parity/viscore.py), and of cases that are
// solved by hand; a tolerance abstains for few pairs; the noise's scale is the roll-out's.
#include "foresee/evaluate/quality/viscore.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "jepa/core/files/file.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

Tensor matrix(const nlohmann::json& rows) {
  std::vector<Tensor> out;
  for (const auto& row : rows) out.push_back(torch::tensor(row.get<std::vector<double>>(), at::kDouble));
  return at::stack(out);
}

TEST(Viscore, IsTheTranscription) {
  const auto cases = nlohmann::json::parse(read_file("tests/fixtures/viscore.json")).at("cases");
  ASSERT_EQ(cases.size(), 2u);
  for (const auto& c : cases) {
    const auto expected = [&](const char* name) { return c.at("expected").at(name).get<double>(); };
    const Tensor z = matrix(c.at("latents"));
    const double variance = total_variance(z),
                 error = normalised_error(matrix(c.at("predicted")), matrix(c.at("truth")), variance);
    EXPECT_NEAR(error, expected("nmse"), 1e-9);
    const double deviation = rollout_deviation(error, variance);
    EXPECT_NEAR(deviation, expected("deviation"), 1e-9);
    std::vector<RowPair> pairs;
    for (const auto& p : c.at("pairs"))
      pairs.push_back({p[0].get<int64_t>(), p[1].get<int64_t>(), p[2].get<double>(), p[3].get<double>()});
    const auto tolerance = latent_tolerance(z, pairs, c.at("tolerance").get<double>(), true);
    ASSERT_TRUE(tolerance);
    EXPECT_NEAR(*tolerance, expected("latent_tolerance"), 1e-9);
    EXPECT_NEAR(veracity(*tolerance, deviation), expected("veracity"), 1e-9);
    const double nats = empowerment(matrix(c.at("changes")), matrix(c.at("residuals")), deviation);
    EXPECT_NEAR(nats, expected("nats"), 1e-6 * expected("nats"));
    EXPECT_NEAR(influence(nats), expected("influence"), 1e-6);
  }
}

TEST(Viscore, FactorsOfCasesSolvedByHand) {
  EXPECT_NEAR(veracity(2.0, 1.0), 0.6826894921, 1e-9) << "a normal error stays within one deviation";
  EXPECT_NEAR(veracity(4.0, 1.0), 0.9544997361, 1e-9) << "and within two";
  EXPECT_DOUBLE_EQ(influence(41), 0.5);
  EXPECT_DOUBLE_EQ(influence(82), 1);
  EXPECT_DOUBLE_EQ(influence(200), 1);
  EXPECT_DOUBLE_EQ(rollout_deviation(0, 4), std::sqrt(4e-9)) << "an error of nothing is no division by nothing";
  // One dimension: the capacity of a Gaussian channel is log(1 + S / N) / 2.
  const Tensor changes = torch::tensor({{-3.0}, {0.0}, {3.0}}, at::kDouble);  // variance 9
  const Tensor residuals = torch::tensor({{-1.0}, {1.0}}, at::kDouble);
  EXPECT_NEAR(empowerment(changes, residuals, 2.0), 0.5 * std::log1p(9.0 / 4), 1e-7);
}

TEST(Viscore, CapacityDoesNotDependOnTheUnitsOfLatents) {
  const Random random(1, Stream::kTest);
  const Tensor changes = random.normal_tensor({200, 4}), residuals = random.normal_tensor({200, 4}, 1000);
  const double plain = empowerment(changes, residuals, 0.5);
  EXPECT_GT(plain, 1);
  EXPECT_NEAR(empowerment(changes * 7, residuals * 7, 0.5 * 7), plain, 1e-4);
}

TEST(Viscore, AToleranceNeedsThirtyPairsAndTakesTheQuietQuarter) {
  Tensor z = at::zeros({200, 1}, at::kDouble);
  std::vector<RowPair> pairs;
  for (int64_t i = 0; i < 29; ++i) pairs.push_back({0, i + 1, 16, 0});
  EXPECT_FALSE(latent_tolerance(z, pairs, 16, false));
  for (int64_t i = 29; i < 160; ++i) pairs.push_back({0, i + 1, i % 2 == 0 ? 16.0 : 100.0, static_cast<double>(i)});
  z.slice(0, 1, 60).fill_(2);
  z.slice(0, 60).fill_(5);
  EXPECT_EQ(latent_tolerance(z, pairs, 16, false), 5);
  pairs.push_back({0, 1, 16, 0});
  EXPECT_EQ(latent_tolerance(z, pairs, 16, true), 2) << "a quarter of the pairs, all near, moves nothing else";
}

}  // namespace
}  // namespace foresee
