#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/episode/episode.h"
#include "data/episode/picture_form.h"

namespace foresee::data {

// Note [Formats]
// Episodes come in many layouts; all are read through EpisodeSource, and open_source recognises which one a path holds:
//
//   hdf5     a .h5 or .hdf5 file, or a folder of them: stable-worldmodel, see Note [Episode files]; robomimic and
//   ALOHA,
//            see Note [Grouped episodes]
//   npz      a .npz file of named arrays, or a folder of such files, one episode each
//   folder   stable-worldmodel's folder: ep_len.npz, ep_offset.npz, COLUMN.npz, PICTURES/ep_I_step_J.jpeg
//   video    the same with PICTURES/ep_I.mp4
//   dino_wm  DINO-WM: states.pth, actions.pth or rel_actions.pth, obses/episode_NNN.{mp4,pth}; train/ and val/
//   droid    DROID raw: folders with trajectory.h5, a metadata .json and recordings/MP4/*.mp4
//   lerobot  LeRobot v2.1 and v3.0: meta/info.json, parquet, mp4
//
// Column names are those of stable-worldmodel: "pixels", "action", "state", "proprio"; '.' and '/' become '_'.

// Note [Broken parts]
// Recorded sets have broken parts: a film that is cut off, a file that is gone, a table with fewer rows than promised.
// Such an episode is left out when the set is opened, and SourceInfo::left_out says which and why; a column that cannot
// be read is in SourceInfo::unread. One line of the log sums both up. Nothing of this comes up later, in the middle of
// a training. SourceOptions::strict makes every one of them an error. What cannot be mended by leaving one episode out
// (bounds that overlap, rows that belong to two episodes) is an error in any case.

/// How a set is opened.
struct SourceOptions {
  /// The picture column that is to be "pixels", by our name or the set's own; several, with commas between: the first
  /// is "pixels", and cameras that are not named are not kept. Empty: "pixels" itself, or the only one.
  std::string camera{};
  double tolerance_s = 0;     // how far a film's frame may lie from its row's time; 0: half a row
  bool strict = false;        // a broken part is an error
  bool every_camera = false;  // films of cameras beside "pixels" have to be whole, too
  bool any_camera = false;    // of several cameras and no choice, the first is "pixels"
  bool quiet = false;         // no line in the log: the caller reads SourceInfo
};

/// What a source holds, apart from the values.
struct SourceInfo {
  std::string format;                // of Note [Formats]
  std::vector<int64_t> lengths;      // rows of each episode
  std::vector<uint64_t> ids;         // what the held-out hash sees, see stable_ids
  std::vector<std::string> names;    // what messages call each episode: "episode 3"; with its file where that says more
  std::vector<std::string> tasks;    // empty, or one per episode
  std::vector<ColumnInfo> columns;   // "pixels" among them once opened
  std::vector<std::string> cameras;  // columns of the cameras that were asked for, in that order; "pixels" first
  std::optional<double> fps;         // rows per second, where the format says so
  std::string robot_type;            // empty: not said

  std::vector<LeftOut> left_out;     // Note [Broken parts]
  std::vector<UnreadColumn> unread;  // same
  std::vector<std::string> flaws;    // what is wrong without a part being left out: rows of no episode
  std::vector<std::string> notes;    // what was made of the data: grey pictures repeated, times off by a few ms, ...
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
  /// The same of any column of pictures, as they are: uint8 [count, H, W, 3].
  Tensor pictures(int64_t episode, const std::string& column, int64_t first, int64_t step, int64_t count) const;
  /// A whole episode: pixels and every other column.
  Episode episode(int64_t index) const;

 protected:
  explicit EpisodeSource(std::filesystem::path path) : path_(std::move(path)) {}
  /// Checks what the subclass filled in; every constructor ends with it: choose_columns, then keep_episodes.
  void opened(const SourceOptions& options, const std::string& usual_camera = "");
  /// Decides which picture column is "pixels", and how pictures of other forms become RGB. The first episode that is
  /// not left out may be read for it. @param usual_camera  chosen where options name none and it is there.
  /// @throws DataError for several cameras and no choice.
  void choose_columns(const SourceOptions& options, const std::string& usual_camera = "");
  /// Takes the episodes out that leave_out named, and says so. @throws DataError when none is left, or in strict mode.
  void keep_episodes(const SourceOptions& options);

  /// Notes that an episode (by its place among those that the subclass listed) is not used. The first reason counts.
  void leave_out(int64_t listed, std::string reason);
  bool is_left_out(int64_t listed) const { return left_out_.contains(listed); }
  /// Columns whose films or files have to be there: "pixels", or every camera, by the subclass's names.
  std::vector<std::string> needed_cameras(const SourceOptions& options) const;

  /// Name that the subclass knows a column by.
  const std::string& stored(const std::string& column) const { return column == "pixels" ? camera_ : column; }

  // In what follows an episode is counted as the subclass listed it, with those that are left out.
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
  int64_t listed(int64_t episode) const { return listed_.empty() ? episode : listed_[static_cast<size_t>(episode)]; }
  void require_size(const ColumnInfo& info, int64_t episode, int64_t first, const Tensor& rows) const;
  void choose_camera(const SourceOptions& options, const std::string& usual_camera);
  void take_forms();
  Tensor as_pictures(const std::string& stored_name, Tensor rows) const;
  std::string summary() const;

  std::filesystem::path path_;
  std::string camera_ = "pixels";
  std::map<int64_t, std::string> left_out_;   // by place in the subclass's list
  std::vector<int64_t> listed_;               // of each episode that is kept; empty: all are
  std::map<std::string, PictureForm> forms_;  // of columns that are no plain RGB, by the subclass's name
};

/// Opens a set of episodes, recognising its format from the path. @throws DataError: nothing there, a format that is
/// not known (Lance gets the command that converts it), damage; Error where a part is not built in.
std::unique_ptr<EpisodeSource> open_source(const std::filesystem::path& path, const SourceOptions& options = {});

/// '.' and '/' to '_', as stable-worldmodel's writers name columns. Factors of variation (factor_column) keep their
/// dots.
std::string column_name(std::string name);

/// Identities of a set's episodes for the held-out hash. Numbers that say nothing (0, 1, 2, ... of fewer than ten
/// episodes: what twelve files of one episode each all say) are joined with the name of the file or folder, so that a
/// tenth is held out of many small files, too, and the same ones wherever the files lie. Others stay as they are.
std::vector<uint64_t> stable_ids(std::vector<uint64_t> ids, const std::string& file_name);

// One maker a format, for open_source; each in its own file.
std::unique_ptr<EpisodeSource> open_hdf5(const std::filesystem::path& path, const SourceOptions& options);
std::unique_ptr<EpisodeSource> open_npz(const std::filesystem::path& path, const SourceOptions& options);
std::unique_ptr<EpisodeSource> open_folder(const std::filesystem::path& path, const SourceOptions& options);
std::unique_ptr<EpisodeSource> open_dino_wm(const std::filesystem::path& path, const SourceOptions& options);
std::unique_ptr<EpisodeSource> open_droid(const std::filesystem::path& path, const SourceOptions& options);
std::unique_ptr<EpisodeSource> open_lerobot(const std::filesystem::path& path, const SourceOptions& options);

}  // namespace foresee::data
