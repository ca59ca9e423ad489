// Claim: a loop over few numbers stays on one thread, one over many is shared out.
#include "jepa/nn/fast/grain.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>

namespace foresee {
namespace {

/// Threads that at::parallel_for gives a loop over rows of so many numbers.
int64_t threads_of(int64_t rows, int64_t numbers) {
  std::atomic<int64_t> parts = 0;
  at::parallel_for(0, rows, rows_worth_a_thread(numbers), [&](int64_t, int64_t) { ++parts; });
  return parts;
}

class Grain : public ::testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(2); }
  void TearDown() override { at::set_num_threads(before_); }

 private:
  const int before_ = at::get_num_threads();
};

TEST_F(Grain, SmallWorkRunsOnOneThread) {
  EXPECT_EQ(threads_of(16, 192), 1);
  EXPECT_EQ(threads_of(576, 192), 2);
  EXPECT_EQ(threads_of(3, 1 << 20), 2) << "a single row can be worth one";
  EXPECT_EQ(threads_of(5, 0), 1);
}

}  // namespace
}  // namespace foresee
