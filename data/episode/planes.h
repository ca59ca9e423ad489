#pragma once

#include <cstdint>

namespace foresee::data {

/// Takes the colours of a picture apart: [pixels, 3] -> [3, pixels], both uint8. As fast as memory where the processor
/// has SSSE3 (Note [Instruction sets]).
void to_planes(const uint8_t* interleaved, int64_t pixels, uint8_t* planes);

}  // namespace foresee::data
