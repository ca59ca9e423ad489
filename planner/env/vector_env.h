#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "planner/env/env.h"

namespace foresee::planner {

/// Many environments of one kind, stepped together on all cores. Environment i draws what Random(seed, kEnvReset, i)
/// gives, whatever the number of threads.
class VectorEnv {
 public:
  /// @param env  copied `count` times.
  VectorEnv(const Env& env, int64_t count, uint64_t seed);

  int64_t size() const { return static_cast<int64_t>(envs_.size()); }
  const Env& env(int64_t index) const { return *envs_[static_cast<size_t>(index)]; }

  /// A new start and goal in every environment.
  void reset();
  /// One step everywhere. An environment that reaches its goal is reset when `autoreset`.
  /// @param actions  float or double [N, A], environment units. @returns bool [N], which reached their goal.
  Tensor step(const Tensor& actions, bool autoreset = true);
  /// @returns double [N, S].
  Tensor states() const;
  /// @returns uint8 [N, 3, size, size].
  Tensor render(int64_t size) const;

 private:
  std::vector<std::unique_ptr<Env>> envs_;
  std::vector<RandomSequence> draws_;
};

}  // namespace foresee::planner
