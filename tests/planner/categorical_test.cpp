// Claims: the search among categories finds the cheapest of a small discrete problem, alone as together; actions that
// are numbers are refused.
#include "planner/categorical.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

constexpr int64_t kHorizon = 3, kActions = 2, kCategories = 4;

/// The price of every category at every place of a problem's plan: [B, H, A * n].
Tensor prices(int64_t problems) {
  const Tensor out = at::empty({problems, kHorizon, kActions * kCategories}, at::kFloat);
  Random(4, Stream::kTest).fill_uniform({out.mutable_data_ptr<float>(), static_cast<size_t>(out.numel())});
  return out;
}

CostFn price_of(const Tensor& prices) {
  return [prices](const Tensor& actions, const Tensor& rows) {
    return (actions * prices.index_select(0, rows).unsqueeze(1)).sum({2, 3});
  };
}

SearchRequest choices_for(const SearchConfig& config, const std::vector<int64_t>& problems) {
  SearchRequest request;
  const auto count = static_cast<int64_t>(problems.size());
  request.init = at::zeros({count, 0, kActions * kCategories});
  request.rows = torch::tensor(problems, at::kLong);
  request.noise = at::empty({config.iterations, count, config.samples, kHorizon, kActions * kCategories});
  for (int64_t i = 0; i < count; ++i) {
    const Tensor own = at::empty(request.noise.select(1, i).sizes());
    Random(9, Stream::kPlan, static_cast<uint64_t>(problems[static_cast<size_t>(i)]))
        .fill_uniform({own.mutable_data_ptr<float>(), static_cast<size_t>(own.numel())});
    request.noise.select(1, i).copy_(own);
  }
  return request;
}

TEST(CategoricalCem, FindsTheCheapestPlan) {
  const Tensor price = prices(3);
  const SearchConfig config{.samples = 200, .iterations = 15, .elites = 20, .horizon = kHorizon};
  const CategoricalConfig categorical{.categories = kCategories, .smoothing = 0.02, .momentum = 0.1};
  const Plan plan = categorical_cem(price_of(price), choices_for(config, {0, 1, 2}), config, categorical);
  const Tensor cheapest = price.unflatten(-1, {kActions, kCategories}).amin(-1).sum({1, 2});
  EXPECT_TRUE(at::allclose(plan.cost, cheapest)) << plan.cost << cheapest;
  EXPECT_EQ(plan.blocks.sum().item<float>(), 3 * kHorizon * kActions) << "one category per action";
}

TEST(CategoricalCem, PlansTheSameAloneAndTogether) {
  const Tensor price = prices(3);
  const SearchConfig config{.samples = 30, .iterations = 4, .elites = 5, .horizon = kHorizon};
  const CategoricalConfig categorical{.categories = kCategories};
  const Plan together = categorical_cem(price_of(price), choices_for(config, {0, 1, 2}), config, categorical);
  for (int64_t row = 0; row < 3; ++row) {
    const Plan alone =
        categorical_cem(price_of(price), choices_for(config, std::vector<int64_t>{row}), config, categorical);
    EXPECT_TRUE(at::equal(alone.blocks[0], together.blocks[row]));
  }
}

TEST(CategoricalCem, RefusesActionsThatAreNumbers) {
  const SearchConfig config{.samples = 4, .iterations = 1, .elites = 2, .horizon = kHorizon};
  for (const int64_t categories : {0, 1, 3})
    EXPECT_THROW(categorical_cem(price_of(prices(1)), choices_for(config, {0}), config, {.categories = categories}),
                 ConfigError);
}

}  // namespace
}  // namespace foresee::planner
