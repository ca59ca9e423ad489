#include "jepa/core/cpu/memory_pool.h"

#include <atomic>
#include <bit>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr size_t kLarge = 4096;                // bytes; what is not larger is left to LibTorch
constexpr size_t kRoomy = 4;                   // times as large as needed a block may be
constexpr size_t kMostKept = size_t{1} << 30;  // of free blocks, bytes

/// Blocks come in sizes of four significant bits: at most an eighth of a block lies idle.
size_t block_bytes(size_t bytes) {
  const size_t step = std::bit_floor(bytes) / 8;
  return (bytes + step - 1) / step * step;
}

class Pool : public c10::Allocator {
 public:
  /// Lives as long as the process: tensors of static objects may outlast every other one.
  static Pool& instance() {
    static Pool* const pool = [] {
      auto* made = new Pool(*c10::GetAllocator(at::kCPU));
      c10::SetAllocator(at::kCPU, made, /*priority=*/1);
      return made;
    }();
    return *pool;
  }

  c10::DataPtr allocate(size_t bytes) override {
    if (bytes <= kLarge || open == 0) return below_.allocate(bytes);
    void* const block = take(block_bytes(bytes));
    return {block, block, &Pool::free, at::Device(at::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &Pool::free; }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }

  std::atomic<int64_t> open{0};  // scopes

 private:
  explicit Pool(c10::Allocator& below) : below_(below) {}

  void* take(size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      // Threads that run beside each other need now one block more of a size, now one less: a larger one does, too.
      for (auto size = free_.lower_bound(bytes); size != free_.end() && size->first <= kRoomy * bytes; ++size) {
        auto& blocks = size->second;
        if (blocks.empty()) continue;
        void* const block = blocks.back();
        blocks.pop_back();
        kept_ -= size->first;
        return block;
      }
    }
    void* const block = below_.raw_allocate(bytes);
    const std::lock_guard lock(mutex_);
    size_of_[block] = bytes;
    return block;
  }

  /// Also of blocks that are not the pool's: LibTorch hands what it allocated by hand to the deleter of today.
  static void free(void* block) { instance().give(block); }
  void give(void* block) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = size_of_.find(block);
      if (found != size_of_.end()) {
        const size_t bytes = found->second;
        if (kept_ + bytes <= kMostKept) {
          free_[bytes].push_back(block);
          kept_ += bytes;
          return;
        }
        size_of_.erase(found);
      }
    }
    below_.raw_deallocate(block);
  }

  c10::Allocator& below_;
  std::mutex mutex_;
  std::map<size_t, std::vector<void*>> free_;  // by size
  std::unordered_map<void*, size_t> size_of_;  // of every block that lives
  size_t kept_ = 0;                            // bytes of `free_`
};

}  // namespace

PooledMemory::PooledMemory() { ++Pool::instance().open; }
PooledMemory::~PooledMemory() { --Pool::instance().open; }

}  // namespace foresee
