// libFuzzer target of npz episodes: whatever arrays a file holds, they are episodes or refused with an Error.
#include "jepa/core/error.h"
#include "tests/fuzz/read_episodes.h"
#include "tests/support/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  const InputFile file({reinterpret_cast<const char*>(data), size});
  data::SourceOptions options;
  options.any_camera = options.quiet = true;
  try {
    read_episodes(*data::open_npz(file.path(), options));
  } catch (const Error&) {
  }
  return 0;
}
