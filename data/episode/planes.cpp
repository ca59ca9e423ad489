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
/// Sixteen pixels at a time: three loads, nine shuffles, three stores.
__attribute__((target("ssse3"))) int64_t shuffled(const uint8_t* in, int64_t pixels, uint8_t* out) {
  // Byte j of plane c lies at 3 j + c of 48: in load (3 j + c) / 16. -1 leaves a zero there.
  alignas(16) int8_t masks[3][3][16];
  for (int c = 0; c < 3; ++c)
    for (int part = 0; part < 3; ++part)
      for (int j = 0; j < 16; ++j) {
        const int at = 3 * j + c - 16 * part;
        masks[c][part][j] = static_cast<int8_t>(at >= 0 && at < 16 ? at : -1);
      }
  int64_t i = 0;
  for (; i + 16 <= pixels; i += 16) {
    __m128i loaded[3];
    for (int part = 0; part < 3; ++part)
      loaded[part] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + 3 * i + 16 * part));
    for (int c = 0; c < 3; ++c) {
      __m128i plane = _mm_setzero_si128();
      for (int part = 0; part < 3; ++part)
        plane = _mm_or_si128(
            plane, _mm_shuffle_epi8(loaded[part], _mm_load_si128(reinterpret_cast<const __m128i*>(masks[c][part]))));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + c * pixels + i), plane);
    }
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
