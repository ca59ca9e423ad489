#include "data/episode/source.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "data/episode/planes.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace fs = std::filesystem;

int64_t ColumnInfo::numbers() const {
  int64_t product = 1;
  for (const auto n : shape) product *= n;
  return product;
}

std::string column_name(std::string name) {
  for (char& c : name)
    if (c == '.' || c == '/') c = '_';
  return name;
}

int64_t EpisodeSource::length(int64_t episode) const {
  check_rows(episode, 0, 0);
  return info_.lengths[static_cast<size_t>(episode)];
}

uint64_t EpisodeSource::id(int64_t episode) const {
  check_rows(episode, 0, 0);
  return info_.ids[static_cast<size_t>(episode)];
}

const ColumnInfo* EpisodeSource::find(const std::string& column) const {
  const auto found =
      std::find_if(info_.columns.begin(), info_.columns.end(), [&](const auto& info) { return info.name == column; });
  return found == info_.columns.end() ? nullptr : &*found;
}

const ColumnInfo& EpisodeSource::column(const std::string& name) const {
  if (const ColumnInfo* found = find(name)) return *found;
  std::string known;
  for (const auto& info : info_.columns) known += (known.empty() ? "" : ", ") + info.name;
  fail<DataError>("{}: no column '{}'; there are: {}", path_.string(), name, known.empty() ? "none" : known);
}

void EpisodeSource::check_rows(int64_t episode, int64_t first, int64_t count) const {
  FORESEE_CHECK(episode >= 0 && episode < episodes(), "expected an episode of 0..{}, got {} ({})", episodes(), episode,
                path_.string());
  const int64_t rows = info_.lengths[static_cast<size_t>(episode)];
  FORESEE_CHECK(first >= 0 && count >= 0 && first <= rows && count <= rows - first,
                "expected rows of 0..{}, got {} from {} (episode {} of {})", rows, count, first, episode,
                path_.string());
}

void EpisodeSource::opened(const SourceOptions& options) {
  if (info_.lengths.empty()) fail<DataError>("{}: holds no episode", path_.string());
  if (info_.ids.empty())
    for (size_t i = 0; i < info_.lengths.size(); ++i) info_.ids.push_back(i);
  std::sort(info_.columns.begin(), info_.columns.end(), [](const auto& a, const auto& b) { return a.name < b.name; });

  std::vector<std::string> cameras;
  for (const auto& column : info_.columns)
    if (column.picture()) cameras.push_back(column.name);
  const auto known = [&](const std::string& name) {
    return std::find(cameras.begin(), cameras.end(), name) != cameras.end();
  };
  std::string listed;
  for (const auto& name : cameras) listed += (listed.empty() ? "" : ", ") + name;
  if (!options.camera.empty()) {
    const std::string wanted = column_name(options.camera);
    for (const auto& name : {wanted, "pixels_" + wanted})
      if (known(name)) camera_ = name;
    if (!known(camera_) || (camera_ == "pixels" && wanted != "pixels"))
      fail<DataError>("{}: no camera '{}'; there are: {}", path_.string(), options.camera,
                      listed.empty() ? "none" : listed);
  } else if (!known("pixels")) {
    if (cameras.size() > 1) fail<DataError>("{}: several cameras, choose one of them: {}", path_.string(), listed);
    if (cameras.size() == 1) camera_ = cameras.front();
  }
  if (camera_ == "pixels") return;
  std::erase_if(info_.columns, [](const auto& column) { return column.name == "pixels"; });
  for (auto& column : info_.columns)
    if (column.name == camera_) column.name = "pixels";
}

Tensor EpisodeSource::read(int64_t episode, const std::string& name, int64_t first, int64_t count) const {
  column(name);
  check_rows(episode, first, count);
  return read_rows(episode, stored(name), first, count);
}

Tensor EpisodeSource::read_all(const std::string& name) const {
  std::vector<Tensor> rows;
  for (int64_t e = 0; e < episodes(); ++e) rows.push_back(read(e, name, 0, length(e)));
  return at::cat(rows);
}

void EpisodeSource::read_pictures(int64_t episode, int64_t first, int64_t step, int64_t count, uint8_t* planes) const {
  FORESEE_CHECK(step >= 1 && count >= 1, "expected at least one picture and a positive step, got {} and {}", count,
                step);
  check_rows(episode, first, (count - 1) * step + 1);
  read_planes(episode, stored("pixels"), first, step, count, planes);
}

std::vector<int64_t> EpisodeSource::rows_from(int64_t first, int64_t step, int64_t count) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < count; ++i) rows.push_back(first + i * step);
  return rows;
}

Tensor EpisodeSource::read_chosen(int64_t episode, const std::string& name, std::span<const int64_t> rows) const {
  std::vector<Tensor> pictures;
  for (const int64_t row : rows) pictures.push_back(read_rows(episode, name, row, 1));
  return at::cat(pictures).contiguous();
}

void EpisodeSource::read_planes(int64_t episode, const std::string& name, int64_t first, int64_t step, int64_t count,
                                uint8_t* planes) const {
  const Tensor pictures = read_chosen(episode, name, rows_from(first, step, count)).contiguous();
  const int64_t numbers = pictures.numel() / count;
  FORESEE_CHECK(numbers == column("pixels").numbers(), "expected pictures of {} numbers, got {} ({})",
                column("pixels").numbers(), foresee::describe(pictures), path_.string());
  for (int64_t i = 0; i < count; ++i)
    to_planes(pictures.const_data_ptr<uint8_t>() + i * numbers, numbers / 3, planes + i * numbers);
}

Episode EpisodeSource::episode(int64_t index) const {
  Episode episode{.id = id(index), .frames = {}, .columns = {}, .task = {}};
  if (!info_.tasks.empty()) episode.task = info_.tasks[static_cast<size_t>(index)];
  for (const auto& column : info_.columns) {
    Tensor rows = read(index, column.name, 0, length(index));
    (column.name == "pixels" ? episode.frames : episode.columns[column.name]) = std::move(rows);
  }
  return episode;
}

namespace {

bool has_extension(const fs::path& folder, std::string_view extension) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == extension) return true;
  return false;
}

bool is_lance(const fs::path& path) {
  return path.extension() == ".lance" ||
         (fs::is_directory(path) && (has_extension(path, ".lance") || fs::exists(path / "_versions")));
}

bool is_droid(const fs::path& path) {
  if (!fs::is_directory(path)) return false;
  // The date folders of a laboratory lie three levels above an episode.
  std::error_code ignored;
  auto entry = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, ignored);
  for (; entry != fs::recursive_directory_iterator(); entry.increment(ignored)) {
    if (entry.depth() > 5) entry.disable_recursion_pending();
    if (entry->path().filename() == "trajectory.h5") return true;
  }
  return false;
}

}  // namespace

std::unique_ptr<EpisodeSource> open_source(const fs::path& path, const SourceOptions& options) {
  if (!fs::exists(path)) fail<DataError>("{}: no such file or folder", path.string());
  const auto extension = path.extension();
  if (is_lance(path))
    fail<DataError>(
        "{}: Lance tables are not read here; convert once, where stable-worldmodel is installed: python -c \"from "
        "stable_worldmodel.data import convert; convert('{}', '{}.h5', dest_format='hdf5')\"",
        path.string(), path.string(), path.stem().string());
  if (!fs::is_directory(path)) {
    if (extension == ".npz") return open_npz(path, options);
    if (extension == ".txt" || extension == ".csv") return open_droid(path, options);
    return open_hdf5(path, options);
  }
  if (fs::exists(path / "meta" / "info.json")) return open_lerobot(path, options);
  if (fs::exists(path / "ep_len.npz")) return open_folder(path, options);
  for (const auto& folder : {path, path / "train", path / "val"})
    if (fs::exists(folder / "states.pth")) return open_dino_wm(path, options);
  if (fs::exists(path / "trajectory.h5")) return open_droid(path, options);
  if (has_extension(path, ".h5") || has_extension(path, ".hdf5")) return open_hdf5(path, options);
  if (has_extension(path, ".npz")) return open_npz(path, options);
  if (is_droid(path)) return open_droid(path, options);
  fail<DataError>(
      "{}: no episodes that are known: expected HDF5, npz, stable-worldmodel's folder or video layout, LeRobot "
      "(meta/info.json), DINO-WM (states.pth) or DROID raw (trajectory.h5)",
      path.string());
}

}  // namespace foresee::data
