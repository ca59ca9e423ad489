// Claims: while a scope lives, a large tensor's memory is given out again for the next of its size and for no other
// that lives; what is small, or comes from outside of a scope, stays LibTorch's; blocks outlive their scope; threads
// share.
#include "jepa/core/cpu/memory_pool.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "jepa/core/torch.h"

namespace foresee {
namespace {

TEST(PooledMemory, IsGivenOutAgain) {
  const PooledMemory pooled;
  const void* first = at::empty({5000}, at::kFloat).data_ptr();
  EXPECT_EQ(at::empty({5000}, at::kFloat).data_ptr(), first);
  EXPECT_EQ(at::empty({10000}, at::kShort).data_ptr(), first) << "the same number of bytes";
  EXPECT_EQ(at::empty({2000}, at::kFloat).data_ptr(), first) << "a block that is a little larger does";
  EXPECT_NE(at::empty({1100}, at::kFloat).data_ptr(), first) << "one that is much larger is left alone";
  EXPECT_NE(at::empty({50000}, at::kFloat).data_ptr(), first);
  const at::Tensor held = at::empty({5000}, at::kFloat);
  EXPECT_EQ(held.data_ptr(), first);
  EXPECT_NE(at::empty({5000}, at::kFloat).data_ptr(), first) << "a tensor that lives has it";
}

TEST(PooledMemory, HoldsWhatIsAskedFor) {
  const PooledMemory pooled;
  std::vector<at::Tensor> all;
  for (int64_t bytes = 4097; bytes < 40000; bytes += 611) all.push_back(at::full({bytes}, 7, at::kByte));
  for (const at::Tensor& one : all) EXPECT_TRUE(one.eq(7).all().item<bool>()) << one.numel();
  for (const at::Tensor& one : all) EXPECT_EQ(reinterpret_cast<uintptr_t>(one.data_ptr()) % 64, 0u);
}

TEST(PooledMemory, OutsideOfAScopeItIsLibTorchs) {
  at::Tensor from_inside;
  const void* block = nullptr;
  {
    const PooledMemory pooled;
    from_inside = at::full({6001}, 1, at::kFloat);
    block = from_inside.data_ptr();
  }
  EXPECT_EQ(from_inside.sum().item<float>(), 6001) << "it outlives the scope";
  from_inside.reset();
  const at::Tensor outside = at::empty({6001}, at::kFloat);
  EXPECT_NE(outside.data_ptr(), block) << "the pool has kept it";
  const PooledMemory again;
  EXPECT_EQ(at::empty({6001}, at::kFloat).data_ptr(), block);
}

TEST(PooledMemory, TakesBackWhatLibTorchAllocatedByHand) {
  void* const before = c10::GetAllocator(at::kCPU)->raw_allocate(9000);
  const PooledMemory pooled;
  c10::Allocator& now = *c10::GetAllocator(at::kCPU);
  now.raw_deallocate(before);
  void* const block = now.raw_allocate(9000);
  now.raw_deallocate(block);
  EXPECT_EQ(now.raw_allocate(9000), block);
  now.raw_deallocate(block);
}

TEST(PooledMemory, ThreadsShareIt) {
  const PooledMemory pooled;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([i] {
      for (int turn = 0; turn < 500; ++turn) {
        const at::Tensor one = at::full({3000 + turn % 7}, i, at::kFloat);
        EXPECT_TRUE(one.eq(i).all().item<bool>());
      }
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace foresee
