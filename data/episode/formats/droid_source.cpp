#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

#include "data/episode/hdf5/array.h"
#include "data/episode/source.h"
#include "data/episode/video_shelf.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/hash.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCameras[] = {"left", "right", "wrist"};
constexpr double kRowsPerSecond = 15;  // DROID's control rate (Khazatsky et al. 2024)
constexpr int64_t kPoseNumbers = 7;    // x, y, z, Euler angles (extrinsic xyz, radians), gripper

struct DroidEpisode {
  fs::path folder;
  std::map<std::string, fs::path> videos;  // by camera
  std::map<std::string, std::string> serials;
};

/// The JSON beside trajectory.h5 names the recordings by a path of another machine; what follows "recordings/MP4/"
/// holds here.
DroidEpisode describe_episode(const fs::path& folder) {
  DroidEpisode episode{folder, {}, {}};
  std::vector<fs::path> jsons;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".json") jsons.push_back(entry.path());
  std::sort(jsons.begin(), jsons.end());
  if (jsons.empty()) fail<DataError>("{}: no metadata_*.json beside trajectory.h5", folder.string());
  const nlohmann::json metadata = read_json(jsons.front());
  for (const char* camera : kCameras) {
    const auto key = std::string(camera) + "_mp4_path";
    if (!metadata.contains(key) || !metadata.at(key).is_string()) continue;
    const std::string told = metadata.at(key);
    const size_t at = told.find("recordings/MP4/");
    const std::string name = at == std::string::npos ? fs::path(told).filename().string() : told.substr(at + 15);
    const fs::path video = folder / "recordings" / "MP4" / name;
    if (!fs::exists(video)) continue;
    episode.videos[camera] = video;
    episode.serials[camera] =
        fs::path(name).filename().string().substr(0, fs::path(name).filename().string().find('.'));
  }
  if (episode.videos.empty())
    fail<DataError>("{}: names no recording that is there ({}_mp4_path)", jsons.front().string(), kCameras[0]);
  return episode;
}

std::vector<fs::path> episode_folders(const fs::path& path) {
  std::vector<fs::path> folders;
  if (!fs::is_directory(path)) {  // an index: the first word of each line is a folder, relative to the file
    std::ifstream lines(path);
    for (std::string line; std::getline(lines, line);) {
      std::string first;
      std::istringstream(line) >> first;
      if (first.empty() || first.front() == '#') continue;
      const fs::path folder = path.parent_path() / first;
      if (!fs::exists(folder / "trajectory.h5"))
        fail<DataError>("{}: no trajectory.h5 in {}: expected a list of the folders of DROID's episodes", path.string(),
                        folder.string());
      folders.push_back(folder);
    }
    return folders;
  }
  if (fs::exists(path / "trajectory.h5")) return {path};
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.path().filename() == "trajectory.h5") folders.push_back(entry.path().parent_path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

/// DROID's raw folders as vjepa2/app/vjepa_droid reads them: row t is frame t of the video and entry t of the
/// trajectory. "state" is the pose (7); actions are what a model makes of the poses, at its own rate. A folder that
/// cannot be read, or whose film has another number of frames than rows, is left out (Note [Broken parts]).
class DroidSource : public EpisodeSource {
 public:
  DroidSource(const fs::path& path, const SourceOptions& options) : EpisodeSource(path) {
    info_.format = "droid";
    for (const auto& folder : episode_folders(path)) {
      try {
        DroidEpisode episode = describe_episode(folder);
        const int64_t rows = pose(folder).size(0);
        if (rows < 1) fail<DataError>("{}: holds no row", folder.string());
        episodes_.push_back(std::move(episode));
        info_.lengths.push_back(rows);
        info_.names.push_back(folder.filename().string());
        info_.ids.push_back(folder_id(folder));
      } catch (const Error& error) {
        info_.left_out.push_back({folder.filename().string(), error.what()});
      }
    }
    if (episodes_.empty())
      fail<DataError>("{}: no readable DROID episode{}", path.string(),
                      info_.left_out.empty() ? "" : ": " + info_.left_out.front().reason);
    list_columns();
    choose_columns(options, "pixels_left");  // as upstream
    info_.fps = kRowsPerSecond;
    for (const auto& name : needed_cameras(options)) check_films(name);
    keep_episodes(options);
  }

 protected:
  Tensor read_rows(int64_t index, const std::string& name, int64_t first, int64_t count) const override {
    const DroidEpisode& episode = episodes_[static_cast<size_t>(index)];
    if (name == "state") return pose(episode.folder).narrow(0, first, count);
    if (name.starts_with("extrinsics_")) {
      const Tensor values = read_extrinsics(episode, name.substr(11));
      if (!values.defined() || values.size(0) < first + count)
        fail<DataError>("{}: no {} in rows {}..{}", episode.folder.string(), name, first, first + count);
      return values.narrow(0, first, count);
    }
    return read_chosen(index, name, rows_from(first, 1, count));
  }
  Tensor read_chosen(int64_t index, const std::string& name, std::span<const int64_t> rows) const override {
    return videos_.frames(video(episodes_[static_cast<size_t>(index)], name), rows);
  }

 private:
  /// An episode keeps its identity wherever the set lies, and whatever else is in it: the last two parts of its path.
  static uint64_t folder_id(const fs::path& folder) {
    return hash_bytes((folder.parent_path().filename() / folder.filename()).string()) % 0x7FFFFFFFu;
  }

  void list_columns() {
    std::set<std::string> cameras;
    for (const auto& episode : episodes_)
      for (const auto& [camera, film] : episode.videos) {
        if (cameras.contains(camera)) continue;
        try {
          const VideoInfo size = videos_.info(film);
          info_.columns.push_back({"pixels_" + camera, at::kByte, {size.height, size.width, 3}, camera});
          cameras.insert(camera);
        } catch (const DataError&) {
          continue;  // another episode says the size; this one is named when its films are checked
        }
        if (read_extrinsics(episode, camera).defined())
          info_.columns.push_back({"extrinsics_" + camera, at::kDouble, {6}});
      }
    info_.columns.push_back({"state", at::kDouble, {kPoseNumbers}});
  }

  void check_films(const std::string& name) {
    const auto column = std::find_if(info_.columns.begin(), info_.columns.end(),
                                     [&](const auto& info) { return stored(info.name) == name; });
    std::optional<double> other_rate;
    for (size_t e = 0; e < episodes_.size(); ++e) {
      const auto listed = static_cast<int64_t>(e);
      if (is_left_out(listed)) continue;
      try {
        const fs::path film = video(episodes_[e], name);
        const VideoInfo info = videos_.info(film);
        if (info.frame_count != info_.lengths[e])
          fail<DataError>("{}: holds {} frames and trajectory.h5 {} rows", film.string(), info.frame_count,
                          info_.lengths[e]);
        if (std::vector<int64_t>{info.height, info.width, 3} != column->shape)
          fail<DataError>("{}: pictures of {} x {}, the others have {} x {}", film.string(), info.height, info.width,
                          column->shape[0], column->shape[1]);
        if (std::abs(info.average_fps / kRowsPerSecond - 1) > 0.05) other_rate = info.average_fps;
      } catch (const DataError& error) {
        leave_out(listed, error.what());
      }
    }
    if (!other_rate) return;
    const auto note = fmt::format("films say {:.4g} frames per second; DROID records {} rows per second, which is used",
                                  *other_rate, kRowsPerSecond);
    if (std::find(info_.notes.begin(), info_.notes.end(), note) == info_.notes.end()) info_.notes.push_back(note);
  }

  static fs::path video(const DroidEpisode& episode, const std::string& name) {
    const auto found = episode.videos.find(name.substr(7));
    if (found == episode.videos.end()) fail<DataError>("{}: no recording of {}", episode.folder.string(), name);
    return found->second;
  }

  /// double [T, 7].
  static Tensor pose(const fs::path& folder) {
    const fs::path file = folder / "trajectory.h5";
    Tensor hand = read_hdf5_array(file, "observation/robot_state/cartesian_position");
    Tensor grip = read_hdf5_array(file, "observation/robot_state/gripper_position");
    if (!hand.defined() || !grip.defined() || hand.dim() != 2 || hand.size(1) != 6 || grip.numel() != hand.size(0))
      fail<DataError>("{}: expected observation/robot_state/cartesian_position [T, 6] and gripper_position [T]",
                      file.string());
    return at::cat({hand.to(at::kDouble), grip.to(at::kDouble).reshape({-1, 1})}, 1);
  }

  static Tensor read_extrinsics(const DroidEpisode& episode, const std::string& camera) {
    const auto serial = episode.serials.find(camera);
    if (serial == episode.serials.end()) return {};
    const Tensor values =
        read_hdf5_array(episode.folder / "trajectory.h5", "observation/camera_extrinsics/" + serial->second + "_left");
    return values.defined() && values.dim() == 2 && values.size(1) == 6 ? values.to(at::kDouble) : Tensor();
  }

  std::vector<DroidEpisode> episodes_;
  mutable VideoShelf videos_;
};

}  // namespace

std::unique_ptr<EpisodeSource> open_droid(const fs::path& path, const SourceOptions& options) {
  return std::make_unique<DroidSource>(path, options);
}

}  // namespace foresee::data
