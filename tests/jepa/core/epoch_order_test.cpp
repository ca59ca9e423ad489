// Claims: an epoch takes every item once, in an order of its own that depends on seed and epoch alone.
#include "jepa/core/epoch_order.h"

#include <gtest/gtest.h>

#include <set>

namespace foresee {
namespace {

TEST(EpochOrder, TakesEachItemOnceAnEpochAndLeavesTheRestOut) {
  EpochOrder order(10, 3, /*seed=*/4);
  ASSERT_EQ(order.steps_per_epoch(), 3);
  std::set<int64_t> seen;
  for (int64_t step = 0; step < 3; ++step)
    for (const int64_t item : order.batch(step)) {
      EXPECT_TRUE(item >= 0 && item < 10);
      EXPECT_TRUE(seen.insert(item).second) << item;
    }
  EXPECT_EQ(seen.size(), 9u);
}

TEST(EpochOrder, IsThePermutationOfSeedAndEpochWhicheverStepComesFirst) {
  EpochOrder forward(7, 2, /*seed=*/4), other(7, 2, /*seed=*/5);
  const auto permutation = Random(4, Stream::kDataOrder, 1).permutation(7);
  const std::vector<int64_t> wanted(permutation.begin() + 2, permutation.begin() + 4);
  EXPECT_EQ(forward.batch(4), wanted);  // the second step of the second epoch
  const auto first = forward.batch(0);
  EXPECT_EQ(forward.batch(4), wanted);
  EXPECT_EQ(forward.batch(0), first);
  bool same = true;
  for (int64_t step = 0; step < 6; ++step) same = same && forward.batch(step) == other.batch(step);
  EXPECT_FALSE(same);
}

TEST(EpochOrder, ABatchThatIsLargerThanTheDataIsRefused) {
  EXPECT_THROW(EpochOrder(3, 4, 0), Error);
  EXPECT_THROW(EpochOrder(3, 0, 0), Error);
}

}  // namespace
}  // namespace foresee
