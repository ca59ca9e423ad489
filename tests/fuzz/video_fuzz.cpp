// libFuzzer target of the video reader: whatever the bytes are, frames come out or they are refused with a DataError,
// in bounded time and memory.
#include <ATen/ATen.h>

#include <algorithm>

#include "data/video/reader.h"
#include "jepa/core/error.h"
#include "tests/support/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  const InputFile file({reinterpret_cast<const char*>(data), size});
  try {
    data::VideoReader reader(file.path());
    const int64_t frames = reader.info().frame_count;
    for (const int64_t index : {int64_t{0}, frames / 2, frames - 1}) reader.frame(std::max<int64_t>(index, 0)).sum();
  } catch (const Error&) {
  }
  return 0;
}
