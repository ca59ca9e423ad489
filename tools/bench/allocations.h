#pragma once

#include <cstdint>
#include <optional>

namespace foresee::tools {

/// While it lives, the calls of the C allocator for more than 4 KB are counted, those of every loaded library and every
/// thread. It redirects the allocator's entries of the libraries' link tables, and leaves them so: what is called there
/// counts or not, and goes on to the allocator. One at a time.
class AllocationCount {
 public:
  AllocationCount();
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;
  ~AllocationCount();

  /// Calls so far; unknown where libraries are not linked as on Linux (ELF, 64 bit).
  std::optional<int64_t> calls() const;
};

}  // namespace foresee::tools
