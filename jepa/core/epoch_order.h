#pragma once

#include <cstdint>
#include <vector>

#include "jepa/core/error.h"
#include "jepa/core/random.h"

namespace foresee {

/// Which items each training step takes. Every epoch goes through all of them in a random order of its own, which is a
/// function of (seed, epoch) alone; what does not fill a batch at the end of an epoch is left out.
class EpochOrder {
 public:
  /// @throws Error unless 1 <= batch <= count.
  EpochOrder(int64_t count, int64_t batch, uint64_t seed) : count_(count), batch_(batch), seed_(seed) {
    FORESEE_CHECK(batch >= 1 && batch <= count, "expected a batch of 1 to {} items, got {}", count, batch);
  }

  int64_t steps_per_epoch() const { return count_ / batch_; }

  /// The items of a step, each in [0, count). Steps may come in any order; those of one epoch are fast.
  std::vector<int64_t> batch(int64_t step) {
    const int64_t epoch = step / steps_per_epoch(), first = step % steps_per_epoch() * batch_;
    if (epoch != epoch_) {
      order_ = Random(seed_, Stream::kDataOrder, static_cast<uint64_t>(epoch)).permutation(count_);
      epoch_ = epoch;
    }
    return {order_.begin() + first, order_.begin() + first + batch_};
  }

 private:
  int64_t count_, batch_;
  uint64_t seed_;
  int64_t epoch_ = -1;  // whose order is kept
  std::vector<int64_t> order_;
};

}  // namespace foresee
