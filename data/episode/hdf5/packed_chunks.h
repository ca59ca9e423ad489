#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace foresee::data {

// Note [Packed chunks]
// libhdf5 believes the size that a filter unpacks a chunk to: where that is less than the chunk's rows have, it reads
// beyond the buffer, and where it is more, memory is used up. So a chunk is measured before libhdf5 unpacks it for the
// first time. The size stands in the stream's own header (Blosc and Zstandard, which refuse a stream that does not keep
// to it), or is found by inflating the stream to nowhere (gzip). Columns that other filters packed are refused.

/// What of a column's chunks was measured. Not for a file that changes meanwhile.
class PackedChunks {
 public:
  /// @pre the library's lock is held. @param name  what messages call the column.
  PackedChunks(std::filesystem::path path, hid_t dataset, std::string name);

  /// Measures the chunks that hold rows [first, first + count), each once. Nothing where no filter is used.
  /// @pre the lock is held. @param dataset  the one of the constructor, or opened anew. @throws DataError.
  void check(hid_t dataset, int64_t first, int64_t count);

 private:
  struct Filter {
    H5Z_filter_t id;
    std::string name;
  };

  void measure(hid_t dataset, const std::vector<hsize_t>& offset);
  /// Bytes that a stored chunk unpacks to; more than `limit` may come back as limit + 1.
  uint64_t unpacked_bytes(std::string_view chunk, uint32_t skipped_filters, uint64_t limit) const;
  [[noreturn]] void refuse(const std::string& what) const;

  std::filesystem::path path_;
  std::string name_;
  std::vector<Filter> filters_;                 // in the order of writing; empty: nothing to measure
  std::vector<hsize_t> extent_, chunk_, grid_;  // of the column, of a chunk, and how many chunks along each axis
  uint64_t chunk_bytes_ = 0;
  bool edges_stay_plain_ = false;
  std::vector<bool> sound_;  // by the number of the chunk
};

}  // namespace foresee::data
