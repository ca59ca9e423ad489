#include "jepa/core/statistics.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"

namespace foresee {
namespace {

TEST(SuccessRate, HasTheWilsonInterval) {
  const auto high = success_rate(47, 50), half = success_rate(150, 300);
  EXPECT_DOUBLE_EQ(high.rate, 0.94);
  EXPECT_NEAR(high.low, 0.8378290831, 1e-9);
  EXPECT_NEAR(high.high, 0.9793850297, 1e-9);
  EXPECT_NEAR(half.low, 0.4437795161, 1e-9);
  EXPECT_NEAR(half.high, 0.5562204839, 1e-9);
  EXPECT_EQ(half.n, 300);
}

TEST(SuccessRate, IsBoundedByNoneAndAll) {
  EXPECT_EQ(success_rate(0, 10).low, 0.0);
  EXPECT_NEAR(success_rate(0, 10).high, 0.2775327999, 1e-9);
  EXPECT_EQ(success_rate(10, 10).high, 1.0);
  EXPECT_NEAR(success_rate(10, 10).low, 0.7224672001, 1e-9);
  EXPECT_EQ(success_rate(0, 0).high - success_rate(0, 0).low, 1.0) << "nothing is known without episodes";
  EXPECT_THROW(success_rate(3, 2), Error);
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.95), 3.85);
  EXPECT_DOUBLE_EQ(quantile({7}, 0.95), 7);
  EXPECT_DOUBLE_EQ(quantile({1, 2}, 1), 2);
  EXPECT_THROW(quantile({}, 0.5), Error);
}

}  // namespace
}  // namespace foresee
