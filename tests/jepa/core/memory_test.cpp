// Claims: a budget counts over a whole file; what does not fit into memory is refused before it is allocated; other
// libraries' words for it become ours.
#include "jepa/core/memory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/refusal.h"

namespace foresee {
namespace {

TEST(ReadBudget, CountsAllItemsOfAFileTogether) {
  ReadBudget budget("f.npz", 1000, /*ratio=*/64);
  EXPECT_EQ(budget.limit(), 256u << 20);  // of small files, all may take so much
  for (int i = 0; i < 2; ++i) budget.take(100 << 20, "arrays");
  EXPECT_EQ(refusal_of<DataError>([&] { budget.take(100 << 20, "arrays"); }),
            "f.npz: arrays would take 314.6 MB of memory, where a file of 1000 bytes may take 268.4 MB");
  budget.take(56 << 20, "arrays");
  EXPECT_THROW(budget.take<CheckpointError>(1, "arrays"), CheckpointError);
}

TEST(ReadBudget, NeitherOverflowsNorGoesBeyondTheMachine) {
  ReadBudget budget("f", ~uint64_t{0}, /*ratio=*/64);
  EXPECT_LE(budget.limit(), static_cast<uint64_t>(machine_memory()));
  EXPECT_THROW(budget.take(~uint64_t{0}, "all"), DataError);
}

TEST(Memory, WhatDoesNotFitIsRefused) {
  check_memory(1e6, "a megabyte");
  EXPECT_TRUE(says(refusal_of<Error>([] { check_memory(1e18, "batch"); }), "batch: needs 1000000000.0 GB of memory"));
  EXPECT_THROW(check_memory(std::nan(""), "batch"), Error);
}

TEST(Memory, KnowsLibTorchsWords) {
  for (const int64_t count : {int64_t{1} << 60, int64_t{1} << 62, (int64_t{1} << 62) + ((int64_t{1} << 62) - 1)}) {
    try {
      at::empty({count}, at::kFloat);
      ADD_FAILURE() << count;
    } catch (const std::exception& error) {
      EXPECT_TRUE(out_of_memory_text(error).has_value()) << error.what();
    }
  }
  EXPECT_TRUE(out_of_memory_text(std::bad_alloc()).has_value());
  EXPECT_FALSE(out_of_memory_text(std::runtime_error("a bug")).has_value());
}

}  // namespace
}  // namespace foresee
