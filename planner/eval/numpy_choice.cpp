#include "planner/eval/numpy_choice.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include "jepa/core/error.h"

namespace foresee::planner {
namespace {

using Wide = unsigned __int128;

/// numpy.random.SeedSequence(seed).generate_state(4, uint64) for a seed of at most 64 bits.
std::array<uint64_t, 4> seed_words(uint64_t seed) {
  constexpr uint32_t kMultA = 0x931e8875, kMultB = 0x58f38ded, kMixLeft = 0xca01f9dd, kMixRight = 0x4973f715;
  uint32_t constant = 0x43b0d7e5;
  const auto hash = [&](uint32_t value) {
    value ^= constant;
    constant *= kMultA;
    value *= constant;
    return value ^ (value >> 16);
  };
  std::array<uint32_t, 4> pool{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), 0, 0};
  for (uint32_t& word : pool) word = hash(word);
  for (size_t from = 0; from < 4; ++from)
    for (size_t to = 0; to < 4; ++to) {
      if (from == to) continue;
      const uint32_t mixed = kMixLeft * pool[to] - kMixRight * hash(pool[from]);
      pool[to] = mixed ^ (mixed >> 16);
    }
  std::array<uint32_t, 8> words;
  constant = 0x8b51f9dd;
  for (size_t i = 0; i < 8; ++i) {
    uint32_t value = pool[i % 4] ^ constant;
    constant *= kMultB;
    value *= constant;
    words[i] = value ^ (value >> 16);
  }
  std::array<uint64_t, 4> out;
  for (size_t i = 0; i < 4; ++i) out[i] = words[2 * i] | static_cast<uint64_t>(words[2 * i + 1]) << 32;
  return out;
}

class Pcg64 {
 public:
  explicit Pcg64(uint64_t seed) {
    const auto words = seed_words(seed);
    increment_ = (((static_cast<Wide>(words[2]) << 64) | words[3]) << 1) | 1;
    step();
    state_ += (static_cast<Wide>(words[0]) << 64) | words[1];
    step();
  }

  /// Uniform on {0, ..., last}, by Lemire's method on 32 bits. @pre last < 2^32 - 1.
  uint64_t up_to(uint32_t last) {
    if (last == 0) return 0;
    const uint32_t range = last + 1;
    uint64_t product = static_cast<uint64_t>(next32()) * range;
    if (static_cast<uint32_t>(product) < range) {
      const uint32_t threshold = (UINT32_MAX - last) % range;
      while (static_cast<uint32_t>(product) < threshold) product = static_cast<uint64_t>(next32()) * range;
    }
    return product >> 32;
  }

 private:
  void step() {
    constexpr Wide kMultiplier = (static_cast<Wide>(0x2360ED051FC65DA4u) << 64) | 0x4385DF649FCCF645u;
    state_ = state_ * kMultiplier + increment_;
  }
  uint64_t next64() {
    step();
    const auto folded = static_cast<uint64_t>(state_ >> 64) ^ static_cast<uint64_t>(state_);
    const auto rotation = static_cast<unsigned>(state_ >> 122);
    return (folded >> rotation) | (folded << ((64 - rotation) & 63));
  }
  uint32_t next32() {  // the low half of a draw first, then the high one
    if (half_) {
      half_ = false;
      return high_;
    }
    const uint64_t both = next64();
    half_ = true;
    high_ = static_cast<uint32_t>(both >> 32);
    return static_cast<uint32_t>(both);
  }

  Wide state_ = 0, increment_ = 0;
  bool half_ = false;
  uint32_t high_ = 0;
};

}  // namespace

std::vector<int64_t> numpy_choice(uint64_t seed, int64_t population, int64_t count) {
  FORESEE_CHECK(0 <= count && count <= population && population < UINT32_MAX, "expected 0 .. {} rows, got {}",
                population, count);
  Pcg64 random(seed);
  std::vector<int64_t> chosen;
  if (population > 10000 && count > population / 20) {  // a shuffle of the tail
    std::vector<int64_t> all(static_cast<size_t>(population));
    std::iota(all.begin(), all.end(), int64_t{0});
    for (int64_t i = population - 1; i >= std::max<int64_t>(population - count, 1); --i)
      std::swap(all[random.up_to(static_cast<uint32_t>(i))], all[static_cast<size_t>(i)]);
    chosen.assign(all.end() - count, all.end());
  } else {  // Floyd's
    std::set<int64_t> taken;
    for (int64_t last = population - count; last < population; ++last) {
      const auto drawn = static_cast<int64_t>(random.up_to(static_cast<uint32_t>(last)));
      taken.insert(taken.contains(drawn) ? last : drawn);
    }
    chosen.assign(taken.begin(), taken.end());
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace foresee::planner
