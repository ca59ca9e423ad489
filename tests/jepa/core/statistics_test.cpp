// Claims: intervals, tests and correlations are those of SciPy 1.17 (values below) and of the papers' worked examples.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/statistics/paired.h"
#include "jepa/core/statistics/samples.h"

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

TEST(ExactInterval, IsThatOfClopperAndPearson) {
  // scipy.stats.binomtest(k, n).proportion_ci(method='exact')
  EXPECT_NEAR(exact_interval(47, 50).low, 0.8345180533962271, 1e-12);
  EXPECT_NEAR(exact_interval(47, 50).high, 0.9874514121646659, 1e-12);
  EXPECT_NEAR(exact_interval(3, 200).low, 0.003104107621555085, 1e-12);
  EXPECT_NEAR(exact_interval(3, 200).high, 0.043208281917709784, 1e-12);
  EXPECT_EQ(exact_interval(0, 10).low, 0);
  EXPECT_NEAR(exact_interval(0, 10).high, 0.30849710781876294, 1e-12);
  EXPECT_EQ(exact_interval(10, 10).high, 1);
  EXPECT_THROW(exact_interval(-1, 10), Error);
}

TEST(DifferenceOf, GivesNewcombesExamples) {
  // Newcombe 1998, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10.
  const Difference large = difference_of(success_rate(56, 70), success_rate(48, 80));
  EXPECT_NEAR(large.low, 0.0524, 5e-5);
  EXPECT_NEAR(large.high, 0.3339, 5e-5);
  const Difference small = difference_of(success_rate(9, 10), success_rate(3, 10));
  EXPECT_NEAR(small.low, 0.1705, 5e-5);
  EXPECT_NEAR(small.high, 0.8090, 5e-5);
}

TEST(PairedDifference, GivesNewcombesExampleAndTurnsWithTheMethods) {
  // Newcombe 1998 on paired data, method 10: 36 both, 12 and 2 one alone, none neither.
  const Difference found = paired_difference({36, 12, 2, 0}), turned = paired_difference({36, 2, 12, 0});
  EXPECT_DOUBLE_EQ(found.difference, 0.2);
  EXPECT_NEAR(found.low, 0.0569, 5e-5);
  EXPECT_NEAR(found.high, 0.3404, 5e-5);
  EXPECT_NEAR(turned.low, -found.high, 1e-12);
  EXPECT_NEAR(turned.high, -found.low, 1e-12);
  EXPECT_EQ(paired_difference({}).low, -1);
  // Starts on which both agree make it narrower than the same rates of independent episodes.
  const Difference apart = difference_of(success_rate(60, 100), success_rate(50, 100));
  const Difference paired = paired_difference({50, 10, 0, 40});
  EXPECT_LT(paired.high - paired.low, 0.7 * (apart.high - apart.low));
}

TEST(PairedOutcomes, CountsStartsByWhoSolvedThem) {
  const std::vector<uint8_t> first{1, 1, 0, 0, 1}, second{1, 0, 1, 0, 0};
  const PairedOutcomes found = paired_outcomes(first, second);
  EXPECT_EQ(found.both, 1);
  EXPECT_EQ(found.first_only, 2);
  EXPECT_EQ(found.second_only, 1);
  EXPECT_EQ(found.neither, 1);
  EXPECT_THROW(paired_outcomes(first, std::vector<uint8_t>{1}), Error);
}

TEST(McNemar, IsTheExactBinomialTest) {
  // scipy.stats.binomtest(min(b, c), b + c).pvalue
  EXPECT_NEAR(mcnemar_p({7, 12, 2, 3}), 0.012939453125, 1e-12);
  EXPECT_NEAR(mcnemar_p({0, 40, 21, 0}), 0.0204147137996349, 1e-12);
  EXPECT_EQ(mcnemar_p({7, 5, 5, 3}), 1);
  EXPECT_EQ(mcnemar_p({9, 0, 0, 1}), 1);
}

TEST(AnytimeP, HoldsHoweverOftenOneLooks) {
  EXPECT_NEAR(anytime_p({0, 12, 2, 0}), 0.0833129882812501, 1e-10);
  EXPECT_NEAR(anytime_p({0, 20, 0, 0}), 2.0027160644531243e-05, 1e-15);
  EXPECT_EQ(anytime_p({0, 5, 5, 0}), 1);
  // Equal methods, looked at after every start: at most one run in twenty may ever fall below 0.05.
  int fooled = 0, fooled_by_the_test_for_one_look = 0;
  for (uint64_t run = 0; run < 400; ++run) {
    RandomSequence coin(Random(9, Stream::kTest, run));
    PairedOutcomes seen;
    bool here = false, there = false;
    for (int start = 0; start < 200; ++start) {
      ++(coin.uniform() < 0.5 ? seen.first_only : seen.second_only);
      here = here || anytime_p(seen) < 0.05;
      there = there || mcnemar_p(seen) < 0.05;
    }
    fooled += here, fooled_by_the_test_for_one_look += there;
  }
  EXPECT_LE(fooled, 20);
  EXPECT_GT(fooled_by_the_test_for_one_look, 40);
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.95), 3.85);
  EXPECT_DOUBLE_EQ(quantile({7}, 0.95), 7);
  EXPECT_DOUBLE_EQ(quantile({1, 2}, 1), 2);
  EXPECT_THROW(quantile({}, 0.5), Error);
}

TEST(Spearman, SharesRanksOfEqualValues) {
  const std::vector<double> a{1, 2, 2, 3, 7, 7, 7, 0.5}, b{2, 1, 4, 4, 9, 8, 3, 0};
  EXPECT_EQ(ranks(a), (std::vector<double>{2, 3.5, 3.5, 5, 7, 7, 7, 1}));
  EXPECT_NEAR(spearman(a, b), 0.7841896995149691, 1e-12);  // scipy.stats.spearmanr
  EXPECT_TRUE(std::isnan(spearman(a, std::vector<double>(8, 1.0))));
  EXPECT_THROW(spearman(a, std::vector<double>{1}), Error);
}

TEST(Bootstrap, GivesScipysIntervalForASkewedMean) {
  const std::vector<double> values{0.1, 0.4, 0.5, 0.9, 1.7, 2.0, 2.2, 3.9, 4.1, 9.5};
  const Statistic mean = [&](std::span<const int64_t> chosen) {
    double sum = 0;
    for (const int64_t i : chosen) sum += values[static_cast<size_t>(i)];
    return sum / static_cast<double>(chosen.size());
  };
  // scipy.stats.bootstrap(method='BCa', n_resamples=200000): 1.35 to 1.36, 5.02 to 5.07 with three seeds.
  const Interval found = bootstrap_interval(10, mean, /*seed=*/1, /*resamples=*/20000);
  EXPECT_NEAR(found.low, 1.36, 0.06);
  EXPECT_NEAR(found.high, 5.05, 0.12);
  EXPECT_EQ(bootstrap_interval(10, mean, 1).low, bootstrap_interval(10, mean, 1).low);
  const Interval none = bootstrap_interval(
      10, [](std::span<const int64_t>) { return 3.0; }, 1);
  EXPECT_TRUE(std::isnan(none.low) && std::isnan(none.high));
  EXPECT_THROW(bootstrap_interval(1, mean, 1), Error);
}

}  // namespace
}  // namespace foresee
