#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/episode/episode.h"

namespace foresee::data {

// Note [Formats]
// Episodes come in many layouts; all are read through EpisodeSource, and open_source recognises which one a path holds:
//
//   hdf5     a .h5 or .hdf5 file, or a folder with one: stable-worldmodel, see Note [Episode files]
//   npz      a .npz file of named arrays, or a folder of such files, one episode each
//   folder   stable-worldmodel's folder: ep_len.npz, ep_offset.npz, COLUMN.npz, PICTURES/ep_I_step_J.jpeg
//   video    the same with PICTURES/ep_I.mp4
//   dino_wm  DINO-WM: states.pth, actions.pth or rel_actions.pth, obses/episode_NNN.{mp4,pth}; train/ and val/
//   droid    DROID raw: folders with trajectory.h5, a metadata .json and recordings/MP4/*.mp4
//   lerobot  LeRobot v2.1 and v3.0: meta/info.json, parquet, mp4
//
// Column names are those of stable-worldmodel: "pixels", "action", "state", "proprio"; '.' and '/' become '_'.

/// How a set is opened.
struct SourceOptions {
  std::string camera;  // the picture column that is to be "pixels"; empty: "pixels" itself, or the only one
};

/// What a source holds, apart from the values.
struct SourceInfo {
  std::string format;               // of Note [Formats]
  std::vector<int64_t> lengths;     // rows of each episode
  std::vector<uint64_t> ids;        // what the held-out hash sees
  std::vector<std::string> tasks;   // empty, or one a episode
  std::vector<ColumnInfo> columns;  // "pixels" among them once opened
  std::optional<double> fps;        // rows a second, where the format says so
};

/// Episodes of one file or folder, whatever its format. Calls may come from several threads.
class EpisodeSource {
 public:
  virtual ~EpisodeSource() = default;

  const std::filesystem::path& path() const { return path_; }
  const SourceInfo& info() const { return info_; }
  int64_t episodes() const { return static_cast<int64_t>(info_.lengths.size()); }
  int64_t length(int64_t episode) const;
  uint64_t id(int64_t episode) const;
  bool has(const std::string& column) const { return find(column) != nullptr; }
  /// @throws DataError naming the columns there are.
  const ColumnInfo& column(const std::string& name) const;

  /// Rows [first, first + count) of an episode. @returns [count, ...] of the column's dtype; pictures uint8
  /// [count, H, W, 3]. @throws DataError.
  Tensor read(int64_t episode, const std::string& column, int64_t first, int64_t count) const;
  /// All rows of all episodes, one after the other.
  virtual Tensor read_all(const std::string& column) const;
  /// `count` pictures of "pixels", `step` rows apart, as planes: uint8 [count, 3, H, W].
  void read_pictures(int64_t episode, int64_t first, int64_t step, int64_t count, uint8_t* planes) const;
  /// A whole episode: pixels and every other column.
  Episode episode(int64_t index) const;

 protected:
  explicit EpisodeSource(std::filesystem::path path) : path_(std::move(path)) {}
  /// Checks what the subclass filled in and decides which picture column is "pixels"; every constructor ends with it.
  /// @throws DataError when there is no episode, or several cameras and no choice.
  void opened(const SourceOptions& options);
  /// Name that the subclass knows a column by.
  const std::string& stored(const std::string& column) const { return column == "pixels" ? camera_ : column; }

  /// Consecutive rows. Arguments are checked, and the column's name is as the subclass listed it.
  virtual Tensor read_rows(int64_t episode, const std::string& column, int64_t first, int64_t count) const = 0;
  /// Chosen pictures, uint8 [n, H, W, 3]; one by one with read_rows unless a subclass knows better.
  virtual Tensor read_chosen(int64_t episode, const std::string& column, std::span<const int64_t> rows) const;
  /// read_chosen, taken apart.
  virtual void read_planes(int64_t episode, const std::string& column, int64_t first, int64_t step, int64_t count,
                           uint8_t* planes) const;
  /// first, first + step, ...
  static std::vector<int64_t> rows_from(int64_t first, int64_t step, int64_t count);

  SourceInfo info_;

 private:
  const ColumnInfo* find(const std::string& column) const;
  void check_rows(int64_t episode, int64_t first, int64_t count) const;

  std::filesystem::path path_;
  std::string camera_ = "pixels";
};

/// Opens a set of episodes, recognising its format from the path. @throws DataError: nothing there, a format that is
/// not known (Lance gets the command that converts it), damage; Error where a part is not built in.
std::unique_ptr<EpisodeSource> open_source(const std::filesystem::path& path, const SourceOptions& options = {});

/// '.' and '/' to '_', as stable-worldmodel's writers name columns.
std::string column_name(std::string name);

// One maker a format, for open_source; each in its own file.
std::unique_ptr<EpisodeSource> open_hdf5(const std::filesystem::path& path, const SourceOptions& options);
std::unique_ptr<EpisodeSource> open_npz(const std::filesystem::path& path, const SourceOptions& options);
std::unique_ptr<EpisodeSource> open_folder(const std::filesystem::path& path, const SourceOptions& options);
std::unique_ptr<EpisodeSource> open_dino_wm(const std::filesystem::path& path, const SourceOptions& options);
std::unique_ptr<EpisodeSource> open_droid(const std::filesystem::path& path, const SourceOptions& options);
std::unique_ptr<EpisodeSource> open_lerobot(const std::filesystem::path& path, const SourceOptions& options);

}  // namespace foresee::data
