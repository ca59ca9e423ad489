#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <utility>

namespace foresee::data {

/// Keeps the values of the keys that were asked for last: readers that stay open, tables that stay in memory. One
/// thread at a time.
template <class Key, class Value>
class RecentlyUsed {
 public:
  /// @param most  values kept, >= 1.
  explicit RecentlyUsed(size_t most) : most_(most) {}

  /// The value of a key: what is kept, or what `make()` gives, which is kept then. The one that was not used for
  /// longest goes. The reference holds until the next call.
  template <class Make>
  Value& get(const Key& key, Make&& make) {
    const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& entry) { return entry.first == key; });
    if (found != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, found);
    } else {
      kept_.emplace_front(key, make());
      if (kept_.size() > most_) kept_.pop_back();
    }
    return kept_.front().second;
  }

 private:
  size_t most_;
  std::list<std::pair<Key, Value>> kept_;  // the one used last comes first
};

}  // namespace foresee::data
