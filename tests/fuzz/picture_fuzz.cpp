// libFuzzer target of the picture reader: whatever the bytes are, they are a picture or refused with a DataError, in
// bounded time and memory.
#include <ATen/ATen.h>

#include "data/picture/image.h"
#include "jepa/core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  try {
    data::decode_image({reinterpret_cast<const char*>(data), size}, "input").sum();
  } catch (const DataError&) {
  }
  return 0;
}
