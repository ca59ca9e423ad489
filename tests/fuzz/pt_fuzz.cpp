// libFuzzer target of the .pt reader: whatever the bytes are, they are read or refused with a CheckpointError, in
// bounded time and memory. What does not begin as a zip is taken as the pickle of an otherwise sound file, so that
// changes reach the unpickler without first having to keep a zip intact.
#include <ATen/ATen.h>

#include <numeric>

#include "jepa/core/error.h"
#include "jepa/io/pt_file.h"
#include "tests/jepa/io/pt_bytes.h"
#include "tests/support/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  const std::string given(reinterpret_cast<const char*>(data), size);
  const bool zip = given.starts_with("PK");
  const std::string storage(256, '\x3f');
  const InputFile file(zip ? given : zip_bytes({{"a/data.pkl", given}, {"a/data/0", storage}, {"a/data/1", storage}}));
  try {
    const PtFile checkpoint(file.path());
    foreign_values(checkpoint);
    for (const auto& [name, tensor] : all_tensors(checkpoint))  // every element is where the view says
      if (tensor.numel() > 0 && tensor.numel() < 100'000) {
        const auto whole = tensor.contiguous();  // of any dtype, also of those that LibTorch cannot compute with
        const auto* bytes = static_cast<const uint8_t*>(whole.const_data_ptr());
        [[maybe_unused]] volatile const uint64_t sum = std::accumulate(bytes, bytes + whole.nbytes(), uint64_t{0});
      }
  } catch (const CheckpointError&) {
  }
  return 0;
}
