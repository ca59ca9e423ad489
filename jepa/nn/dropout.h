#pragma once

#include "jepa/core/random.h"
#include "jepa/core/tensor.h"

namespace foresee {

/// Dropout whose masks are a function of (seed, step) and the order of the calls within the step, so that a resumed run
/// repeats them and LibTorch's global generator stays untouched. One object serves one forward pass.
class Dropout {
 public:
  /// @param random  Stream::kDropout of the training step.
  explicit Dropout(Random random) : random_(random) {}

  /// Zeroes each element with probability `p` and scales the rest by 1 / (1 - p). p = 0 returns `x` and draws nothing.
  Tensor operator()(const Tensor& x, double p);

 private:
  Random random_;
  uint64_t next_ = 0;
};

/// `x` through `dropout`, or `x` itself where there is none (evaluation).
inline Tensor drop(Dropout* dropout, const Tensor& x, double p) { return dropout ? (*dropout)(x, p) : x; }

}  // namespace foresee
