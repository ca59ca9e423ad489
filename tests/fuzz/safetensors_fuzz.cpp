// libFuzzer target of the safetensors reader: whatever the bytes are, they are read or refused with a CheckpointError,
// in bounded time and memory.
#include <ATen/ATen.h>

#include "jepa/core/error.h"
#include "jepa/io/safetensors.h"
#include "tests/support/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  const InputFile file({reinterpret_cast<const char*>(data), size});
  try {
    for (const auto& [name, tensor] : SafetensorsFile(file.path()).tensors())
      if (tensor.numel() > 0 && tensor.numel() < 100'000) tensor.clone();  // every byte is where the header says
  } catch (const CheckpointError&) {
  }
  return 0;
}
