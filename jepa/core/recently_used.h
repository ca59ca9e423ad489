#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <utility>

namespace foresee {

/// A few values that are costly to make, by key: the ones used last stay. One thread at a time.
template <class Key, class Value>
class RecentlyUsed {
 public:
  /// @param most  values that are kept; at least one is.
  explicit RecentlyUsed(size_t most) : most_(most) {}

  /// The value of `key`; where it is not kept, what `make` returns. Valid until the next call.
  template <class Make>
  Value& get(const Key& key, Make&& make) {
    const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& one) { return one.first == key; });
    if (found != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, found);
    } else {
      kept_.emplace_front(key, make());
      if (kept_.size() > std::max<size_t>(1, most_)) kept_.pop_back();
    }
    return kept_.front().second;
  }

  size_t size() const { return kept_.size(); }

 private:
  size_t most_;
  std::list<std::pair<Key, Value>> kept_;  // the one used last comes first
};

}  // namespace foresee
