#include "data/video/index/index_cache.h"

#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <list>
#include <map>
#include <mutex>
#include <utility>

#include "data/video/index/index.h"

namespace foresee::data {
namespace {

// Two changes in one tick of the file system's clock look like one; FAT's tick is the longest.
constexpr std::chrono::nanoseconds kTick = std::chrono::seconds(2);

int64_t memory_of(const FrameIndex& index) {
  const auto bytes = [](const auto& list) { return list.capacity() * sizeof(list[0]); };
  return static_cast<int64_t>(sizeof index + bytes(index.packets) + bytes(index.frames) + bytes(index.keys) +
                              bytes(index.packet_by_pts));
}

}  // namespace

std::optional<FileStamp> stamp_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const std::chrono::nanoseconds changed =
      std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  const std::chrono::nanoseconds age = std::chrono::system_clock::now().time_since_epoch() - changed;
  if (std::abs(age.count()) < kTick.count()) return std::nullopt;
  return FileStamp{.path = path.native(),
                   .device = static_cast<uint64_t>(status.st_dev),
                   .inode = static_cast<uint64_t>(status.st_ino),
                   .size = static_cast<int64_t>(status.st_size),
                   .changed_ns = changed.count()};
}

struct VideoIndexCache::Impl {
  using Key = std::pair<FileStamp, bool>;
  struct Slot {
    explicit Slot(Key file) : key(std::move(file)) {}
    const Key key;
    std::mutex making;                        // guards the index
    std::shared_ptr<const FrameIndex> index;  // null: not made yet, or it could not be made
    int64_t bytes = 0;                        // guarded by Impl::mutex
  };
  using Slots = std::list<std::shared_ptr<Slot>>;

  std::shared_ptr<Slot> slot(Key key) {
    const std::lock_guard lock(mutex);
    const auto found = by_key.find(key);
    if (found != by_key.end()) {
      slots.splice(slots.begin(), slots, found->second);
    } else {
      slots.push_front(std::make_shared<Slot>(key));
      by_key.emplace(std::move(key), slots.begin());
    }
    return slots.front();
  }

  // Counts a new index and makes room for it; the slot that was used last stays whatever its size.
  void add(Slot& slot, int64_t size) {
    const std::lock_guard lock(mutex);
    ++made;
    const auto found = by_key.find(slot.key);
    if (found == by_key.end() || found->second->get() != &slot) return;  // it had to make room meanwhile
    bytes += size;
    slot.bytes = size;
    while (bytes > limit && slots.size() > 1) {
      bytes -= slots.back()->bytes;
      by_key.erase(slots.back()->key);
      slots.pop_back();
    }
  }

  int64_t limit = 0;  // bytes
  mutable std::mutex mutex;
  Slots slots;  // the one used last comes first
  std::map<Key, Slots::iterator> by_key;
  int64_t bytes = 0, made = 0;
};

VideoIndexCache::VideoIndexCache(int64_t limit_mb) : impl_(std::make_unique<Impl>()) { impl_->limit = limit_mb << 20; }
VideoIndexCache::~VideoIndexCache() = default;

std::shared_ptr<const FrameIndex> VideoIndexCache::get(const FileStamp& file, bool verified,
                                                       const std::function<FrameIndex()>& make) {
  const std::shared_ptr<Impl::Slot> slot = impl_->slot({file, verified});
  const std::lock_guard making(slot->making);
  if (slot->index == nullptr) {
    slot->index = std::make_shared<const FrameIndex>(make());
    impl_->add(*slot, memory_of(*slot->index));
  }
  return slot->index;
}

int64_t VideoIndexCache::made() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->made;
}

int64_t VideoIndexCache::kept() const {
  const std::lock_guard lock(impl_->mutex);
  return static_cast<int64_t>(impl_->slots.size());
}

}  // namespace foresee::data
