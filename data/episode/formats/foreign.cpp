#include "data/episode/formats/foreign.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "jepa/core/text/name_list.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSavez = "numpy.savez('log.npz', pixels=..., action=..., ep_len=...) writes what is read here";

bool ends_with(const std::string& name, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return name.ends_with(end); });
}

/// Names in a folder, sorted; nothing for a file.
std::vector<std::string> names_in(const fs::path& folder) {
  constexpr size_t kMost = 1000;
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator at(folder, code), end; !code && at != end && names.size() < kMost; at.increment(code))
    names.push_back(at->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

bool is_zarr(const fs::path& path, const std::vector<std::string>& names) {
  if (ends_with(path.filename().string(), {".zarr", ".zarr.zip"})) return true;
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name == ".zgroup" || name == ".zarray" || name == "zarr.json" || ends_with(name, {".zarr", ".zarr.zip"});
  });
}

/// TensorFlow datasets keep a version's files in a folder of its name: "1.0.0".
bool is_tfds(const fs::path& path, const std::vector<std::string>& names) {
  const auto holds = [](const std::vector<std::string>& inside) {
    return std::any_of(inside.begin(), inside.end(),
                       [](const auto& name) { return name.find(".tfrecord") != std::string::npos; });
  };
  return path.filename().string().find(".tfrecord") != std::string::npos || holds(names) ||
         std::any_of(names.begin(), names.end(), [&](const auto& name) {
           return !name.empty() && name.front() >= '0' && name.front() <= '9' && holds(names_in(path / name));
         });
}

bool is_lance(const fs::path& path, const std::vector<std::string>& names) {
  return path.extension() == ".lance" || std::any_of(names.begin(), names.end(), [](const std::string& name) {
           return name.ends_with(".lance") || name == "_versions";
         });
}

std::optional<std::string> part_of_lerobot(const fs::path& path, const std::vector<std::string>& names) {
  constexpr int kMostLevels = 4;  // videos/CAMERA/chunk-000/file-000.mp4
  std::error_code ignored;
  fs::path above = fs::absolute(path, ignored).lexically_normal();
  for (int level = 0; level < kMostLevels && above.has_relative_path(); ++level) {
    above = above.parent_path();
    if (fs::exists(above / "meta" / "info.json", ignored))
      return fmt::format("a part of the LeRobot set {}: name that folder", above.string());
  }
  std::vector<std::string> sets;
  for (const auto& name : names)
    if (fs::exists(path / name / "meta" / "info.json", ignored)) sets.push_back(name);
  if (sets.empty()) return {};
  return fmt::format("{} LeRobot set{} in it: name each: {}", sets.size(), sets.size() == 1 ? " lies" : "s lie",
                     name_list(sets, 5));
}

}  // namespace

std::optional<std::string> foreign_format(const fs::path& path) {
  const std::vector<std::string> names = names_in(path);
  const std::string file = path.filename().string(), text = path.string();
  if (is_lance(path, names))
    return fmt::format(
        "Lance tables are not read here; convert once, where stable-worldmodel is installed: python -c \"from "
        "stable_worldmodel.data import convert; convert('{}', '{}.h5', dest_format='hdf5')\"",
        text, path.stem().string());
  const bool known = std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return ends_with(name, {".h5", ".hdf5", ".npz"}) || name == "meta" || name == "states.pth";
  });
  if (known || ends_with(file, {".h5", ".hdf5", ".npz"})) return {};
  if (is_zarr(path, names))
    return fmt::format(
        "Zarr stores are not read here; convert once, where zarr is installed (names as Diffusion Policy has them): "
        "python -c \"import numpy, zarr; z = zarr.open('{}', 'r'); numpy.savez('{}.npz', pixels=z['data/img'][:], "
        "action=z['data/action'][:], episode_ends=z['meta/episode_ends'][:])\"",
        text, path.stem().string());
  if (is_tfds(path, names))
    return fmt::format(
        "TensorFlow datasets (RLDS) are not read here; convert once, to LeRobot with its own tools or with "
        "tensorflow_datasets and NumPy: {}",
        kSavez);
  const auto ros = [](const std::string& name) { return ends_with(name, {".bag", ".mcap", ".db3"}); };
  if (ros(file) || (!names.empty() && std::all_of(names.begin(), names.end(), [&](const std::string& name) {
        return ros(name) || name == "metadata.yaml";
      })))
    return fmt::format("recordings of ROS are not read here; take pictures and actions out once: {}", kSavez);
  const bool is_folder = fs::is_directory(path);
  if (is_folder || ends_with(file, {".parquet", ".mp4", ".json", ".jsonl"}))
    if (auto part = part_of_lerobot(path, names)) return part;
  if (is_folder) return {};
  if (ends_with(file, {".parquet"}))
    return "a single table; a LeRobot set is named by its folder, the one that holds meta/info.json";
  if (ends_with(file, {".mp4", ".avi", ".mkv", ".mov", ".webm", ".gif"}))
    return "a film without actions; episodes need both, films alone are for pretraining";
  if (ends_with(file, {".npy", ".pkl", ".pickle", ".pt", ".pth", ".mat", ".json", ".jsonl", ".zip", ".tar"}))
    return fmt::format("'{}' files are no episodes that are known; {}", path.extension().string(), kSavez);
  return {};
}

}  // namespace foresee::data
