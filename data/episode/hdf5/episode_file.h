#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/episode/episode.h"

namespace foresee::data {

// Note [Episode files]
// stable-worldmodel's HDF5 layout: one dataset a column at the root, first axis the row over all episodes, episodes one
// after the other; "ep_len" and "ep_offset" [episodes] say where each lies. Pictures are uint8 [rows, H, W, 3] in
// "pixels". Files written here carry "ep_idx" and "step_idx" of every row too, as the published ones do; others call
// the first "episode_idx". action[t] leaves row t, so the last row of an episode has no action: NaN. Files that leave
// the last action out (one row less in the file, or in every episode) are read as if the NaN were there. Without
// ep_offset, episodes follow one another. Bounds of other names are in Note [Names of bounds]. Arrays [episodes, T,
// ...] are read as episodes of T rows. Bounds that overlap, or episodes that mix, are refused.

/// An episode file open for reading. Calls may come from several threads; the library works on one at a time.
class EpisodeFile {
 public:
  /// @throws DataError in one line when the file is absent, truncated, not HDF5, or its columns do not fit its
  /// episodes; Error where the program was built without HDF5. @param one_episode  what a file is that says nothing of
  /// episodes; without it such a file is refused.
  explicit EpisodeFile(const std::filesystem::path& path, bool one_episode = false);
  ~EpisodeFile();
  EpisodeFile(EpisodeFile&&) noexcept;

  int64_t episodes() const;
  int64_t rows() const;  // of all episodes
  int64_t length(int64_t episode) const;
  int64_t offset(int64_t episode) const;  // first row
  uint64_t id(int64_t episode) const;     // ep_idx or episode_idx of its rows, else its number in the file

  const std::vector<ColumnInfo>& columns() const;
  /// Columns that are there and cannot be read, or are no rows of the episodes; and what was made of others.
  const std::vector<UnreadColumn>& unread() const;
  const std::vector<std::string>& notes() const;
  const std::vector<std::string>& flaws() const;  // rows of no episode
  /// Whether read_pictures takes the column: uint8 [rows, H, W, 3], stored as they are.
  bool has_pictures(const std::string& column) const;
  bool has(const std::string& column) const;
  /// @throws DataError naming the columns there are.
  const ColumnInfo& column(const std::string& name) const;
  /// Rows [first, first + count) of a column. @returns [count, ...] of the column's dtype. @throws DataError.
  Tensor read(const std::string& column, int64_t first, int64_t count) const;
  /// A whole episode: pixels and every other column.
  Episode episode(int64_t index) const;
  /// `count` pictures of a column uint8 [rows, H, W, 3], `step` rows apart, as planes: uint8 [count, 3, H, W] at
  /// `planes`. Where the layout allows it (see PictureRows) several threads read at the same time.
  void read_pictures(const std::string& column, int64_t first, int64_t step, int64_t count, uint8_t* planes) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

enum class PixelCompression { kNone, kBloscLz4 };

/// Writes an episode file beside its path and renames it when complete; without commit() nothing is left.
/// The first episode fixes the columns. `ep_idx` and `step_idx` are added.
class EpisodeWriter {
 public:
  /// @throws Error when the file cannot be made, or Blosc is asked for and its filter is not installed.
  explicit EpisodeWriter(std::filesystem::path path, PixelCompression compression = PixelCompression::kNone);
  ~EpisodeWriter();
  EpisodeWriter(EpisodeWriter&&) noexcept;

  /// @throws Error when columns differ from the first episode's, or the disk is full.
  void add(const Episode& episode);
  /// Flushes, renames. @throws Error.
  void commit();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// True when HDF5 is built in and can decompress (and compress) Blosc.
bool blosc_available();
/// True when HDF5 is built in.
bool hdf5_available();

}  // namespace foresee::data
