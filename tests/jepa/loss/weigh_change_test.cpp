// Claims: of targets in which change counts more, the mean over time at a place is `steady` times what it was, what
// changes has a mean square of 1 over the batch, and 1 leaves V-JEPA 2's targets as they are.
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/loss/latent_prediction.h"

namespace foresee {
namespace {

/// [3, 4 times * 5 places, 6]: a steady part of size 3 and a change of size 0.1.
Tensor targets() {
  const Random random(3, Stream::kTest, 1);
  const Tensor all = random.normal_tensor({3, 5, 5, 6});
  return (3 * all.narrow(1, 0, 1) + 0.1 * all.narrow(1, 1, 4)).flatten(1, 2);
}

Tensor mean_in_time(const Tensor& tokens) { return tokens.unflatten(1, {4, 5}).mean(1); }

TEST(WeighChange, KeepsAShareOfWhatStaysAndScalesWhatChanges) {
  const Tensor all = targets();
  for (const double steady : {0.0, 0.3}) {
    const Tensor weighed = weigh_change(all, 4, steady);
    ASSERT_EQ(weighed.sizes(), all.sizes());
    EXPECT_TRUE(at::allclose(mean_in_time(weighed), steady * mean_in_time(all), 1e-4, 1e-4));
    const Tensor change = weighed.unflatten(1, {4, 5}) - mean_in_time(weighed).unsqueeze(1);
    EXPECT_NEAR(change.square().mean().item<double>(), 1, 0.05);
  }
}

TEST(WeighChange, LeavesTargetsAsTheyAreWhereNothingIsToBeWeighed) {
  const Tensor all = targets();
  EXPECT_TRUE(at::equal(weigh_change(all, 4, 1), all));
  EXPECT_TRUE(at::equal(weigh_change(all, 1, 0), all)) << "one time step";
  const Tensor still = at::ones({2, 8, 3});
  EXPECT_TRUE(at::equal(weigh_change(still, 4, 0), at::zeros_like(still))) << "nothing moves, nothing is blown up";
  EXPECT_THROW(weigh_change(all, 7, 0), Error);
}

}  // namespace
}  // namespace foresee
