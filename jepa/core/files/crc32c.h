#pragma once

#include <cstdint>
#include <string_view>

namespace foresee {

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4), reflected polynomial 0x82f63b78: what checkpoints and TensorBoard's
/// records are checked by. Uses the processor's own instruction where there is one (8 bytes in 3 cycles).
/// @param before  the checksum of the bytes in front of these, to go on with.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

}  // namespace foresee
