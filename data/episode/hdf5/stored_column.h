#pragma once

#include <hdf5.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/episode/episode.h"
#include "data/episode/hdf5/handle.h"
#include "data/episode/hdf5/packed_chunks.h"

namespace foresee::data {

/// A dataset of an HDF5 file as rows: numbers as they are stored, or pictures that are stored as JPEG or PNG bytes (of
/// varying length, or in rows of bytes that are filled up with zeros), which are decoded.
struct StoredColumn {
  enum class Kind { kNumbers, kBytes, kPaddedBytes };
  std::filesystem::path path;
  ColumnInfo info;  // of what comes back
  int64_t rows = 0;
  int64_t stacked = 0;  // rows in each entry of the dataset's first axis; 0: an entry is a row
  Hdf5Handle dataset;
  Kind kind = Kind::kNumbers;
  std::unique_ptr<PackedChunks> packed;  // guarded by the library's lock
  uint64_t file_bytes = 0;               // of the file: what is made at once is held against it (Note [Budgets])

  /// Rows [first, first + count). @returns [count, ...] of info.dtype. @throws DataError.
  Tensor read(int64_t first, int64_t count) const;
  /// Takes an array [episodes, T, ...] for episodes * T rows. @pre numbers, of two axes or more.
  void unstack();

 private:
  Tensor read_numbers(int64_t first, int64_t count) const;
  void read_at(int64_t entry, int64_t row, const std::vector<int64_t>& extent, void* out) const;
  Tensor read_encoded(int64_t first, int64_t count) const;
  std::vector<std::string> bytes(int64_t first, int64_t count) const;
  friend std::optional<StoredColumn> open_column(hid_t, const std::filesystem::path&, const std::string&,
                                                 const std::string&, std::string&);
};

/// Opens a dataset as a column. @pre the lock is held. @param object  its path in the file. @param name  for messages
/// and StoredColumn::info. @param reason  set where it is no column that can be read.
std::optional<StoredColumn> open_column(hid_t file, const std::filesystem::path& path, const std::string& object,
                                        const std::string& name, std::string& reason);

}  // namespace foresee::data
