#include "data/episode/split.h"

namespace foresee::data {

bool held_out(uint64_t episode_id) {
  // The finaliser of SplitMix64 (Steele et al. 2014, "Fast splittable pseudorandom number generators").
  uint64_t z = episode_id + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return z % 10 == 0;
}

bool in_split(uint64_t episode_id, Split split) {
  return split == Split::kAll || held_out(episode_id) == (split == Split::kHeldOut);
}

}  // namespace foresee::data
