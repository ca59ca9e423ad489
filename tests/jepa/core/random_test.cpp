#include "jepa/core/random.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace foresee {
namespace {

using Words = std::array<uint32_t, 4>;

// Published vectors: kat_vectors of the Random123 distribution (philox4x32, 10 rounds).
TEST(Philox, ReproducesPublishedTestVectors) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, TensorsDoNotDependOnThreadsOrSplit) {
  const Random random(7, Stream::kTest, 3);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Tensor one = random.normal_tensor({200'001});
  at::set_num_threads(2);
  const Tensor two = random.normal_tensor({200'001});
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(one, two));
  const Tensor parts = at::cat({random.normal_tensor({70'003}), random.normal_tensor({200'001 - 70'003}, 70'003)});
  EXPECT_TRUE(at::equal(one, parts));
}

TEST(Random, NormalsHaveMomentsOfAStandardNormal) {
  const Tensor x = Random(1, Stream::kTest).normal_tensor({400'000}).to(at::kDouble);
  EXPECT_NEAR(x.mean().item<double>(), 0.0, 0.01);
  EXPECT_NEAR(x.std().item<double>(), 1.0, 0.01);
  EXPECT_NEAR(x.pow(4).mean().item<double>(), 3.0, 0.06);
  EXPECT_NEAR((x.slice(0, 0, -1) * x.slice(0, 1)).mean().item<double>(), 0.0, 0.01);
}

TEST(Random, DoubleDrawsHaveTheRightMoments) {
  const Random random(2, Stream::kTest);
  double sum = 0, squares = 0, uniform = 0;
  constexpr int kCount = 100'000;
  for (uint64_t i = 0; i < kCount; ++i) {
    const double x = random.normal(i);
    sum += x;
    squares += x * x;
    uniform += random.uniform(i);
  }
  EXPECT_NEAR(sum / kCount, 0.0, 0.015);
  EXPECT_NEAR(squares / kCount, 1.0, 0.02);
  EXPECT_NEAR(uniform / kCount, 0.5, 0.005);
}

TEST(Random, StreamsStepsAndSeedsShareNoDraws) {
  std::set<uint32_t> seen;
  for (uint64_t seed : {0ull, 1ull, 1ull << 40})
    for (Stream stream : {Stream::kInit, Stream::kPlan})
      for (uint64_t step : {0ull, 1ull})
        for (uint64_t index = 0; index < 8; ++index) seen.insert(Random(seed, stream, step).bits(index));
  EXPECT_EQ(seen.size(), 3u * 2 * 2 * 8);
}

TEST(Random, PermutationHoldsEveryIndexOnceAndIsShuffled) {
  auto order = Random(5, Stream::kDataOrder).permutation(1000);
  EXPECT_NE(order, Random(6, Stream::kDataOrder).permutation(1000));
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(Random, IntegersStayBelowNAndReachEveryValue) {
  std::set<int64_t> seen;
  for (uint64_t i = 0; i < 200; ++i) seen.insert(Random(3, Stream::kTest).integer(i, 7));
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(*seen.begin(), 0);
  EXPECT_EQ(*seen.rbegin(), 6);
}

}  // namespace
}  // namespace foresee
