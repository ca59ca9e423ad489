// libFuzzer target of HDF5 episodes: whatever the bytes are, they are read or refused with an Error, in bounded time
// and memory. As in the program, a child process walks the structure first: where libhdf5 crashes there, that is a
// refusal.
#include "data/episode/hdf5/array.h"
#include "jepa/core/error.h"
#include "tests/fuzz/read_episodes.h"
#include "tests/support/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  const InputFile file({reinterpret_cast<const char*>(data), size});
  try {
    read_episodes(*data::open_hdf5(file.path(), any_columns()));
  } catch (const Error&) {
  }
  try {
    const Tensor array = data::read_hdf5_array(file.path(), "action");
    if (array.defined()) array.sum();
  } catch (const Error&) {
  }
  return 0;
}
