#include "data/episode/planes.h"

#include <cstring>

#include "jepa/core/cpu/vector_clones.h"

namespace foresee::data {
namespace {

using Bytes = uint8_t __attribute__((vector_size(16)));

/// The bytes i of 16 with i % 3 == kRest.
template <int kRest>
constexpr Bytes every_third() {
  constexpr auto at = [](int i) -> uint8_t { return i % 3 == kRest ? 0xff : 0; };
  return Bytes{at(0), at(1), at(2),  at(3),  at(4),  at(5),  at(6),  at(7),
               at(8), at(9), at(10), at(11), at(12), at(13), at(14), at(15)};
}

/// Sixteen pixels of one colour. Byte j of it is byte 3 j + colour of the 48, and no two of them lie at the same place
/// of their parts: the parts are laid over each other, then the bytes are put in order.
template <int kColour>
__attribute__((always_inline)) inline void store_plane(const Bytes& first, const Bytes& second, const Bytes& third,
                                                       uint8_t* to) {
  constexpr Bytes kFirst = every_third<kColour>(), kSecond = every_third<(kColour + 2) % 3>(),
                  kThird = every_third<(kColour + 1) % 3>();
  constexpr int c = kColour;
  const Bytes all = (first & kFirst) | (second & kSecond) | (third & kThird);
  const Bytes plane = __builtin_shufflevector(all, all, c, 3 + c, 6 + c, 9 + c, 12 + c, (15 + c) % 16, (18 + c) % 16,
                                              (21 + c) % 16, (24 + c) % 16, (27 + c) % 16, (30 + c) % 16, (33 + c) % 16,
                                              (36 + c) % 16, (39 + c) % 16, (42 + c) % 16, (45 + c) % 16);
  std::memcpy(to, &plane, sizeof(plane));
}

FORESEE_SHUFFLE_CLONES void separate(const uint8_t* in, int64_t pixels, uint8_t* out) {
  int64_t i = 0;
  for (; i + 16 <= pixels; i += 16) {
    Bytes a, b, c;
    std::memcpy(&a, in + 3 * i, sizeof(a));
    std::memcpy(&b, in + 3 * i + 16, sizeof(b));
    std::memcpy(&c, in + 3 * i + 32, sizeof(c));
    store_plane<0>(a, b, c, out + i);
    store_plane<1>(a, b, c, out + pixels + i);
    store_plane<2>(a, b, c, out + 2 * pixels + i);
  }
  for (; i < pixels; ++i)
    for (int64_t c = 0; c < 3; ++c) out[c * pixels + i] = in[3 * i + c];
}

}  // namespace

void to_planes(const uint8_t* interleaved, int64_t pixels, uint8_t* planes) { separate(interleaved, pixels, planes); }

}  // namespace foresee::data
