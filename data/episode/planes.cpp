#include "data/episode/planes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace foresee::data {
namespace {

void scalar(const uint8_t* in, int64_t begin, int64_t pixels, uint8_t* out) {
  for (int64_t i = begin; i < pixels; ++i)
    for (int64_t c = 0; c < 3; ++c) out[c * pixels + i] = in[3 * i + c];
}

#if defined(__x86_64__)
/// Sixteen pixels at a time: three loads, nine shuffles, three stores. Byte j of plane c lies at 3 j + c of the 48
/// bytes loaded: in part (3 j + c) / 16. -1 leaves a zero, so that parts can be joined.
template <int kColour, int kPart>
__attribute__((target("ssse3"), always_inline)) inline __m128i mask() {
  constexpr auto at = [](int j) {
    const int byte = 3 * j + kColour - 16 * kPart;
    return static_cast<char>(byte >= 0 && byte < 16 ? byte : -1);
  };
  return _mm_setr_epi8(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9), at(10), at(11), at(12),
                       at(13), at(14), at(15));
}

template <int kColour>
__attribute__((target("ssse3"), always_inline)) inline __m128i plane(__m128i a, __m128i b, __m128i c) {
  return _mm_or_si128(_mm_or_si128(_mm_shuffle_epi8(a, mask<kColour, 0>()), _mm_shuffle_epi8(b, mask<kColour, 1>())),
                      _mm_shuffle_epi8(c, mask<kColour, 2>()));
}

__attribute__((target("ssse3"))) int64_t shuffled(const uint8_t* in, int64_t pixels, uint8_t* out) {
  const auto load = [](const uint8_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); };
  const auto store = [](uint8_t* to, __m128i value) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), value); };
  int64_t i = 0;
  for (; i + 16 <= pixels; i += 16, in += 48) {
    const __m128i a = load(in), b = load(in + 16), c = load(in + 32);
    store(out + i, plane<0>(a, b, c));
    store(out + pixels + i, plane<1>(a, b, c));
    store(out + 2 * pixels + i, plane<2>(a, b, c));
  }
  return i;
}
#endif

}  // namespace

void to_planes(const uint8_t* interleaved, int64_t pixels, uint8_t* planes) {
  int64_t done = 0;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("ssse3")) done = shuffled(interleaved, pixels, planes);
#endif
  scalar(interleaved, done, pixels, planes);
}

}  // namespace foresee::data
