#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "jepa/core/error.h"

namespace foresee {

/// Bytes of memory that this process may use: the machine's, or those of its container where that is less.
int64_t machine_memory();

/// Refuses what does not fit into memory before it is allocated: a system that lends memory that it has not ends the
/// process later, without a word.
/// @param bytes  a double, so that products of sizes cannot overflow. @param what  with what to make smaller.
/// @throws Error "WHAT: needs 1200.0 GB of memory, this machine has 24.0 GB".
void check_memory(double bytes, const std::string& what);

/// The message for an exception of another library that says that memory is used up; nothing for others.
std::optional<std::string> out_of_memory_text(const std::exception& error);

// Note [Budgets]
// A small file can ask for much memory: a compressed array, a name that is written once and used a thousand times, a
// picture of one colour. A limit per item does not help, as a file may hold many. So one budget counts all that the
// reading of one file makes, against the bytes of the file: 256 MB are always free, a sound file may make `ratio` times
// its size, and none may make more than half of the machine's memory. What is a view of the mapped file costs nothing,
// unless a copy of it is likely.

/// What the reading of one file may make; see Note [Budgets]. For one thread.
class ReadBudget {
 public:
  /// @param where  what messages call the file. @param read_bytes  its size. @param ratio  bytes made per byte read.
  ReadBudget(std::string where, uint64_t read_bytes, uint64_t ratio);

  /// Counts `bytes` that are about to be made for `what`. @throws E beyond the budget.
  template <class E = DataError>
  void take(uint64_t bytes, std::string_view what) {
    if (const auto refusal = refusal_of(bytes, what)) throw E(*refusal);
  }

  uint64_t limit() const { return limit_; }

 private:
  std::optional<std::string> refusal_of(uint64_t bytes, std::string_view what);

  std::string where_;
  uint64_t read_, limit_, made_ = 0;
};

}  // namespace foresee
