#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee {

/// One block of Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3):
/// four independent 32-bit words from a counter and a key.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// Who draws. Two consumers with the same seed never share a draw.
enum class Stream : uint32_t {
  kInit = 1,    // initial weights
  kDataOrder,   // shuffles of clips
  kCrop,        // clip position, random resized crop, flip
  kMask,        // masks
  kPlan,        // planning noise
  kSigreg,      // projection directions
  kDropout,     // dropout and drop path
  kEnvReset,    // start, goal and layout of an episode
  kPolicy,      // random and noisy policies
  kEvalStarts,  // which starts are evaluated
  kBaseline,    // baselines of an evaluation
  kTest,        // tests
  kFactors,     // factors of variation of an episode
};

/// Draws as a pure function of (seed, stream, step, index): any index in any order, on any number of threads, gives the
/// same number. Immutable; copy it freely.
class Random {
 public:
  /// @param step  training step, plan number, episode id, ...: 0 .. 2^32-1.
  Random(uint64_t seed, Stream stream, uint64_t step = 0);

  uint32_t bits(uint64_t index) const;
  /// Uniform on [0, 1), 53 bits.
  double uniform(uint64_t index) const;
  /// Uniform on [low, high).
  double uniform(uint64_t index, double low, double high) const { return low + (high - low) * uniform(index); }
  /// Standard normal (Box-Muller).
  double normal(uint64_t index) const;
  /// Uniform on {0, ..., n-1}. @pre n > 0.
  int64_t integer(uint64_t index, int64_t n) const;
  /// A random order of 0 .. n-1 (Fisher-Yates).
  std::vector<int64_t> permutation(int64_t n) const;

  /// Fills with standard normals / uniforms of indices first, first+1, ...; threaded, same values whatever the threads.
  /// These are float draws from four words a block: not the same numbers as normal(index).
  void fill_normal(std::span<float> out, uint64_t first = 0) const;
  void fill_uniform(std::span<float> out, uint64_t first = 0) const;

  /// float32 CPU tensors of the draws above. @param first  index of the first element.
  Tensor normal_tensor(at::IntArrayRef shape, uint64_t first = 0) const;
  Tensor uniform_tensor(at::IntArrayRef shape, uint64_t first = 0) const;

 private:
  std::array<uint32_t, 4> block(uint64_t index) const;

  std::array<uint32_t, 2> key_;
  uint32_t stream_, step_;
};

/// The draws of a Random one after the other, for code that consumes a varying number (rejection sampling, policies).
class RandomSequence {
 public:
  explicit RandomSequence(Random random, uint64_t next = 0) : random_(random), next_(next) {}

  double uniform() { return random_.uniform(next_++); }
  double uniform(double low, double high) { return random_.uniform(next_++, low, high); }
  double normal() { return random_.normal(next_++); }
  int64_t integer(int64_t n) { return random_.integer(next_++, n); }
  uint64_t position() const { return next_; }

 private:
  Random random_;
  uint64_t next_;
};

}  // namespace foresee
