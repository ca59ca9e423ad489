#pragma once

#include <algorithm>
#include <cstdint>

namespace foresee {

/// Rows of a loop that are worth a second thread, for at::parallel_for. Small work runs on one thread: waking one that
/// sleeps takes some 50 us, and on a busy machine far longer.
/// @param numbers  that a row goes through.
inline int64_t rows_worth_a_thread(int64_t numbers) {
  constexpr int64_t kNumbers = 32768;  // as LibTorch's own loops
  return std::max<int64_t>(1, kNumbers / std::max<int64_t>(1, numbers));
}

}  // namespace foresee
