// libFuzzer target of Parquet tables: whatever the bytes are, they are read or refused with an Error, in bounded time
// and memory.
#include <ATen/ATen.h>

#include "data/episode/lerobot/table.h"
#include "jepa/core/error.h"
#include "tests/support/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace foresee;
  const InputFile file({reinterpret_cast<const char*>(data), size});
  try {
    const data::Table table = data::read_parquet(file.path());
    for (const auto& [name, numbers] : table.numbers) {
      numbers.sum();
      if (numbers.size(0) != table.rows) __builtin_trap();  // every column has the table's rows
    }
    for (const auto& [name, texts] : table.texts)
      if (static_cast<int64_t>(texts.size()) != table.rows) __builtin_trap();
    for (const auto& [name, lists] : table.text_lists)
      if (static_cast<int64_t>(lists.size()) != table.rows) __builtin_trap();
    table.integers("episode_index", file.path());
  } catch (const Error&) {
  }
  return 0;
}
