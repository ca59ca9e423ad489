#pragma once

#include <hdf5.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/episode/episode.h"
#include "data/episode/hdf5/packed_chunks.h"

namespace foresee::data {

// Note [Picture rows]
// HDF5 works on one call at a time and, for compressed columns, decodes whole chunks (the published files: 100
// pictures, 15 MB) to hand out one row. Where a column is stored contiguous, in plain chunks, or in chunks compressed
// with Blosc alone, the library is only asked where a chunk lies; its bytes are taken from the mapped file, and of a
// Blosc chunk only the blocks that hold the rows are decoded. Threads then read side by side. Where a plain chunk is
// one row (what stable-worldmodel writes today), there are too many to be looked up: the library hands it out as it is
// (H5Dread_chunk), without its chunk cache and selections. Everything else (gzip, Zstandard) goes through H5Dread.

/// Rows of one column of pictures uint8 [rows, H, W, 3] of an open file.
class PictureRows {
 public:
  /// @pre the library's lock is held. @param dataset  stays open as long as this. @param name  for messages.
  PictureRows(const std::filesystem::path& path, hid_t dataset, const std::string& name);
  ~PictureRows();

  /// Rows first, first + step, ...; checked by the caller. @param planes  uint8 [count, 3, H, W]. @throws DataError.
  void read(int64_t first, int64_t step, int64_t count, uint8_t* planes) const;

 private:
  enum class Kind { kLibrary, kContiguous, kPlainRows, kPlainChunks, kBloscChunks };
  struct Chunk {
    std::atomic<uint64_t> address{0};  // in the file; 0: not looked up yet
    uint64_t bytes = 0;
    bool plain = false;  // stored as it is: Blosc could not make it smaller
  };

  void find_layout(hid_t creation);
  /// Where a chunk lies; null where the library has to be asked.
  const uint8_t* chunk(int64_t number, uint64_t& bytes, bool& plain) const;
  void decode(int64_t first, int64_t count, uint8_t* interleaved) const;

  std::filesystem::path path_;
  hid_t dataset_;
  int64_t rows_ = 0, pixels_ = 0, row_bytes_ = 0, chunk_rows_ = 0;
  std::vector<hsize_t> shape_;
  Kind kind_ = Kind::kLibrary;
  mutable PackedChunks packed_;  // guarded by the library's lock
  std::shared_ptr<const void> mapping_;
  const uint8_t* file_ = nullptr;
  uint64_t file_bytes_ = 0, begin_ = 0;
  std::unique_ptr<Chunk[]> chunks_;
};

}  // namespace foresee::data
