// Claims: tokens beside a hidden one count whole, others by one over the root of their distance, in time as in space.
#include "jepa/loss/nearness.h"

#include <gtest/gtest.h>

#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "tests/support/refusal.h"

namespace foresee {
namespace {

Tensor ids(std::vector<int64_t> values) { return at::tensor(values, at::kLong).unsqueeze(0); }

// A grid of 3 rows and 4 columns; tokens 0 to 11 at time 0, 12 to 23 at time 1.
TEST(Nearness, FallsWithTheRootOfTheDistanceToTheNearestHiddenToken) {
  const Tensor near = nearness(ids({1, 2, 5, 12, 15, 23}), ids({0, 11}), 3, 4);
  const std::vector<double> distances{1, 2, std::sqrt(2.0), 1, std::sqrt(5.0), 1};
  ASSERT_EQ(near.size(1), 6);
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_NEAR(near[0][i].item<double>(), 1 / std::sqrt(distances[static_cast<size_t>(i)]), 1e-6) << i;
}

TEST(Nearness, IsAtMostOneAlsoWhereATokenIsBothSeenAndHidden) {
  EXPECT_EQ(nearness(ids({3}), ids({3}), 3, 4).item<double>(), 1);
}

TEST(Nearness, RefusesIdsOfOtherBatchesAndAnEmptyMask) {
  EXPECT_TRUE(says(refusal_of<Error>([] { nearness(ids({1}), ids({}), 3, 4); }), "expected ids [B, Nc] and [B, Nt]"));
}

}  // namespace
}  // namespace foresee
