// Claims: the smallest numbers of a row come in ascending order with their places; of equal ones the first; infinity is
// the largest.
#include "planner/smallest.h"

#include <gtest/gtest.h>

#include <limits>

#include "jepa/core/random.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

TEST(Smallest, AgreesWithTopk) {
  for (const auto type : {at::kFloat, at::kDouble}) {
    const Tensor rows = Random(5, Stream::kTest).normal_tensor({3, 301}).to(type);
    const Smallest found = smallest(rows, 30);
    const auto [values, index] = at::topk(rows, 30, /*dim=*/1, /*largest=*/false, /*sorted=*/true);
    EXPECT_TRUE(at::equal(found.values, values));
    EXPECT_TRUE(at::equal(found.index, index));
  }
}

TEST(Smallest, OfEqualNumbersTheFirst) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor rows = torch::tensor({{inf, 2.0f, 1.0f, 2.0f, 1.0f, inf}});
  EXPECT_TRUE(at::equal(smallest(rows, 6).index, torch::tensor({{2, 4, 1, 3, 0, 5}})));
  const Tensor columns = torch::tensor({{1.0f, 9.0f}, {0.0f, 8.0f}}).t();  // not contiguous
  EXPECT_TRUE(at::equal(smallest(columns, 1).index, torch::tensor({{1}, {1}})));
}

}  // namespace
}  // namespace foresee::planner
