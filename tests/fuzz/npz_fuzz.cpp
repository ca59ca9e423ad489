// libFuzzer target of NumPy's files: whatever the bytes are, they are read or refused with an Error, in bounded time
// and memory. What does not begin as a zip is taken as one array.
#include <ATen/ATen.h>

#include "data/episode/npz/npy.h"
#include "jepa/core/error.h"
#include "tests/support/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  const std::string given(reinterpret_cast<const char*>(data), size);
  try {
    if (!given.starts_with("PK")) {
      const Tensor array = data::parse_npy(given, "input");
      if (array.defined()) array.contiguous().sum();
      return 0;
    }
    const InputFile file(given);
    std::vector<std::string> unread;
    for (const auto& [name, array] : data::read_npz(file.path(), &unread)) array.contiguous().sum();
  } catch (const Error&) {
  }
  return 0;
}
