// Claims: calls of the allocator for more than 4 KB are counted, LibTorch's too, and smaller ones are not; the work of
// a predictor is the one counted by hand; the benchmark says all that it promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "tools/bench/allocations.h"
#include "tools/bench/bench.h"
#include "tools/bench/predictor_work.h"

namespace foresee::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(AllocationCount, SeesLargeCallsOfThisProgramAndOfLibTorch) {
  const AllocationCount count;
  if (!count.calls()) GTEST_SKIP() << "not counted on this system";
  const int64_t before = *count.calls();
  void* volatile small = std::malloc(4096);
  EXPECT_EQ(*count.calls(), before) << "not above 4 KB";
  void* volatile large = std::malloc(4097);
  EXPECT_EQ(*count.calls(), before + 1);
  std::free(small), std::free(large);
  const Tensor tensor = at::empty({4096}, at::kFloat);
  EXPECT_EQ(*count.calls(), before + 2);
}

TEST(AllocationCount, EndsWithItsObject) {
  { const AllocationCount first; }
  void* volatile large = std::malloc(10000);
  std::free(large);
  EXPECT_EQ(AllocationCount().calls().value_or(0), 0);
}

TEST(PredictorWork, IsThatOfTheTokensThatAreNeeded) {
  LewmConfig c;
  c.embedding = 8;
  c.action_block = 2, c.action_smoothed = 3, c.action_mlp_scale = 1, c.prediction_hidden = 5;
  c.predictor.width = 8, c.predictor.layers = 2, c.predictor.heads = 1, c.predictor.head_dim = 4;
  c.predictor.mlp = 6, c.predictor.frames = 2;
  const double action = 2 * (2 * 3 + 3 * 8 + 8 * 8 + 8 * 6 * 8 * 2), head = 2 * (8 * 5 + 5 * 8);
  const double qkv = 2 * 8 * 12, rest = 2 * 4 * 8 + 4 * 8 * 6;
  const double first = action + head + 2 * (qkv + rest + 4 * 4 * 1);   // one token, which sees itself
  const double second = action + head + 2 * (qkv + rest + 4 * 4 * 2);  // one token, which sees two
  // The window slid: two tokens in the first block; in the last one both have keys and values, the newest goes on.
  const double third = action + head + 2 * qkv + 2 * rest + 4 * 4 * 3 + 2 * 8 * 8 + qkv + rest + 4 * 4 * 2;
  EXPECT_EQ(candidate_flops(c, 1, 1), first);
  EXPECT_EQ(candidate_flops(c, 1, 3), first + second + third);
  EXPECT_EQ(candidate_flops(c, 2, 2), second + third);
  EXPECT_EQ(candidate_flops(c, 7, 2), second + third) << "no more frames than the window";
  c.predictor.kind = LewmPredictorKind::kPrefix;
  EXPECT_EQ(candidate_flops(c, 1, 1), 0);
}

TEST(PlanBench, SaysAllThatItPromises) {
  PlanBench bench;
  bench.model = "tools/assets/two_room";
  bench.settings.set = {"planner.samples=8", "planner.elites=2", "planner.iterations=2"};
  bench.plans = 3, bench.warmup = 1, bench.batch = 2;
  const auto result = bench_plan(bench);
  for (const char* key : {"p50_ms", "p95_ms", "p99_ms", "candidate_steps_per_s", "gemm_peak_share", "overhead_ms"})
    EXPECT_GT(result.at(key).get<double>(), 0) << key;
  EXPECT_LT(result.at("allocations_per_plan").get<double>(), 20) << "after the first plan the pool has every shape";
  EXPECT_EQ(result.at("misses"), 0);
  EXPECT_EQ(result.at("plans"), 3);
  EXPECT_EQ(result.at("batch"), 2);
  EXPECT_EQ(result.at("device"), "cpu");
  bench.tier = "fastest";
  EXPECT_THAT([&] { bench_plan(bench); }, ThrowsMessage<ConfigError>(HasSubstr("tier 'fastest' is not offered")));
}

}  // namespace
}  // namespace foresee::tools
