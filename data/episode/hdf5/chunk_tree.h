#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace foresee::data {

/// A chunk as a version 1 B-tree has it.
struct StoredChunk {
  uint64_t address, bytes;
  uint32_t skipped_filters;
};

/// Calls `take` with every chunk of the dataset whose object header is at `header`; see Note [HDF5 storage].
/// Format: HDF5 File Format Specification 3.0, sections III.A.1 and IV.A.
/// @param file  the mapped file. @returns false where the file is of a form that is not read here (a user block, other
/// sizes of addresses, another index). @throws DataError on a damaged tree, without the file's name.
bool for_each_chunk(std::string_view file, uint64_t header, const std::function<void(const StoredChunk&)>& take);

}  // namespace foresee::data
