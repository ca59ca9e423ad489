#pragma once

namespace foresee {

/// While one lives, tensors of more than 4 KB on the CPU take their memory from a pool, and give it back there, not to
/// the system: work that repeats the same shapes asks the system for nothing after its first turn. All threads take
/// part. The pool keeps 1 GiB at most, for the life of the process. The first one puts the pool before LibTorch's
/// allocator, which all other tensors go on to use.
class PooledMemory {
 public:
  PooledMemory();
  ~PooledMemory();
  PooledMemory(const PooledMemory&) = delete;
  PooledMemory& operator=(const PooledMemory&) = delete;
};

}  // namespace foresee
