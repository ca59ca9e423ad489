// libFuzzer target of npz episodes: whatever arrays a file holds, they are episodes or refused with an Error.
#include "jepa/core/error.h"
#include "tests/fuzz/read_episodes.h"
#include "tests/support/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  const InputFile file({reinterpret_cast<const char*>(data), size});
  try {
    read_episodes(*data::open_npz(file.path(), any_columns()));
  } catch (const Error&) {
  }
  return 0;
}
