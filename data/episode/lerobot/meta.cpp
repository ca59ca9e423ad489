#include "data/episode/lerobot/meta.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "data/episode/lerobot/table.h"
#include "data/episode/source.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/json.h"
#include "jepa/core/memory.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using View = JsonView<json>;

/// Calls `take` with every object of a file that has one JSON object per line. A line that is none (a writer was
/// stopped in the middle of it), or that names no episode, goes to `damaged`.
void for_each_line(const fs::path& path, std::vector<std::string>& damaged,
                   const std::function<void(const View&, const json&)>& take) {
  if (const auto reason = why_not_a_file(path)) fail<DataError>("{}: {}", path.string(), *reason);
  std::ifstream in(path);
  int64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \r\t") == std::string::npos) continue;
    const std::string where = fmt::format("{}: line {}", path.string(), number);
    try {
      const json object = parse_json(line, where);
      take(View(object, where), object);
    } catch (const Error& error) {
      damaged.push_back(error.what());
    }
  }
}

std::string first_task(const json& episode) {
  const auto found = episode.find("tasks");
  return found != episode.end() && found->is_array() && !found->empty() && found->front().is_string()
             ? found->front().get<std::string>()
             : std::string();
}

/// lerobot marks depth in "info" ("is_depth_map", "video.is_depth_map").
bool says_depth(const json& feature) {
  for (const json* part : {&feature, feature.contains("info") ? &feature.at("info") : &feature})
    if (part->is_object())
      for (const char* key : {"is_depth_map", "video.is_depth_map"})
        if (const auto found = part->find(key); found != part->end() && found->is_boolean() && found->get<bool>())
          return true;
  return false;
}

/// "names" of a feature: a list of texts; older sets have an object that holds one ("motors").
std::vector<std::string> part_names(const json& feature) {
  const auto names = feature.find("names");
  if (names == feature.end()) return {};
  const json* list = &*names;
  if (list->is_object() && list->size() == 1) list = &list->front();
  std::vector<std::string> out;
  if (list->is_array())
    for (const auto& name : *list)
      if (name.is_string()) out.push_back(name);
  return out;
}

std::vector<fs::path> parquet_files(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) fail<DataError>("{}: no such folder", folder.string());
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".parquet") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

/// What all episodes with their films may take: a file with many of the one and a file with many of the other would
/// multiply.
ReadBudget budget_of(const View& info, const std::vector<fs::path>& files) {
  constexpr uint64_t kBytesPerByte = 64;
  uint64_t bytes = 0;
  for (const auto& file : files) {
    std::error_code code;  // whoever reads it says what is wrong
    const auto size = fs::file_size(file, code);
    bytes += code ? 0 : size;
  }
  return {info.where(), bytes, kBytesPerByte};
}

void add_film(LeRobotEpisode& episode, const std::string& key, LeRobotEpisode::Video video, ReadBudget& budget) {
  constexpr uint64_t kNode = 200;  // bytes of an entry besides its texts
  budget.take(kNode + key.size() + video.path.native().size(), "its episodes with their films");
  episode.videos[key] = std::move(video);
}

std::vector<LeRobotEpisode> episodes_v2(const fs::path& root, const View& info, LeRobotMeta& meta) {
  const int64_t chunk_size = info.integer_or("chunks_size", 1000, 1);
  const std::string data = info.text("data_path"), video = info.text_or("video_path", "");
  std::vector<LeRobotEpisode> out;
  const fs::path file = root / "meta" / "episodes.jsonl";
  ReadBudget budget = budget_of(info, {file});
  for_each_line(file, meta.damaged, [&](const View& line, const json& object) {
    LeRobotEpisode episode;
    episode.index = line.integer("episode_index", 0);
    episode.id = static_cast<uint64_t>(episode.index);
    episode.length = line.integer("length");
    episode.task = first_task(object);
    std::map<std::string, int64_t> numbers{{"episode_chunk", episode.index / chunk_size},
                                           {"episode_index", episode.index}};
    episode.data = root / fill_path(data, {}, numbers);
    for (const auto& feature : meta.features)
      if (feature.dtype == "video")
        add_film(episode, feature.key, {root / fill_path(video, {{"video_key", feature.key}}, numbers), 0, {}}, budget);
    out.push_back(std::move(episode));
  });
  return out;
}

std::vector<LeRobotEpisode> episodes_v3(const fs::path& root, const View& info, LeRobotMeta& meta) {
  const std::string data = info.text("data_path"), video = info.text_or("video_path", "");
  std::vector<LeRobotEpisode> out;
  const auto files = parquet_files(root / "meta" / "episodes");
  ReadBudget budget = budget_of(info, files);
  for (const fs::path& file : files) {
    Table table;
    try {
      table = read_parquet(file);
    } catch (const DataError& error) {
      meta.damaged.push_back(error.what());
      continue;
    }
    const auto index = table.integers("episode_index", file), length = table.integers("length", file),
               chunk = table.integers("data/chunk_index", file), number = table.integers("data/file_index", file),
               from = table.integers("dataset_from_index", file);
    const auto tasks = table.text_lists.find("tasks");
    const auto ids = table.numbers.contains("source_id") ? table.integers("source_id", file) : index;
    for (size_t i = 0; i < index.size(); ++i) {
      LeRobotEpisode episode;
      episode.index = index[i];
      episode.id = static_cast<uint64_t>(ids[i]);
      episode.length = length[i];
      episode.first_index = from[i];
      if (tasks != table.text_lists.end() && !tasks->second[i].empty()) episode.task = tasks->second[i].front();
      episode.data = root / fill_path(data, {}, {{"chunk_index", chunk[i]}, {"file_index", number[i]}});
      out.push_back(std::move(episode));
    }
    for (const auto& feature : meta.features) {
      if (feature.dtype != "video") continue;
      const std::string prefix = "videos/" + feature.key + "/";
      const auto video_chunk = table.integers(prefix + "chunk_index", file),
                 video_number = table.integers(prefix + "file_index", file);
      const auto from_s = table.reals(prefix + "from_timestamp", file);
      const bool has_end = table.numbers.contains(prefix + "to_timestamp");
      const auto to_s = has_end ? table.reals(prefix + "to_timestamp", file) : std::vector<double>();
      for (size_t i = 0; i < index.size(); ++i)
        add_film(out[out.size() - index.size() + i], feature.key,
                 {root / fill_path(video, {{"video_key", feature.key}},
                                   {{"chunk_index", video_chunk[i]}, {"file_index", video_number[i]}}),
                  from_s[i], has_end ? std::optional(to_s[i]) : std::nullopt},
                 budget);
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  return out;
}

}  // namespace

std::string fill_path(const std::string& pattern, const std::map<std::string, std::string>& texts,
                      const std::map<std::string, int64_t>& numbers) {
  constexpr size_t kLongest = 4096;
  std::string out;
  for (size_t at = 0; at < pattern.size();) {
    if (out.size() > kLongest) fail<DataError>("'{}...': longer than {} bytes", out.substr(0, 60), kLongest);
    if (pattern[at] != '{') {
      out += pattern[at++];
      continue;
    }
    const size_t close = pattern.find('}', at);
    if (close == std::string::npos) fail<DataError>("'{}': a brace is not closed", pattern);
    std::string field = pattern.substr(at + 1, close - at - 1), width;
    if (const size_t colon = field.find(':'); colon != std::string::npos) {
      width = field.substr(colon + 1);
      field.resize(colon);
    }
    const auto text = texts.find(field);
    const auto number = numbers.find(field);
    if (text != texts.end()) {
      out += text->second;
    } else if (number != numbers.end()) {
      int digits = 0;  // "03d"
      for (const char c : width)
        if (c >= '0' && c <= '9') digits = std::min(digits * 10 + (c - '0'), 20);
      out += fmt::format("{:0{}}", number->second, digits);
    } else {
      fail<DataError>("'{}': nothing is known for {{{}}}", pattern, field);
    }
    at = close + 1;
  }
  // A folder name that leads elsewhere would be read there.
  if (fs::path(out).is_absolute() || out.find("..") != std::string::npos)
    fail<DataError>("'{}': leads out of the set", out);
  return out;
}

std::string column_of_feature(const std::string& key) {
  if (key == "observation.state") return "proprio";
  if (key == "observation.environment_state") return "state";
  if (key == "observation.image" || key == "observation.images.pixels") return "pixels";
  constexpr std::string_view kImages = "observation.images.";
  if (key.starts_with(kImages)) return "pixels_" + column_name(key.substr(kImages.size()));
  return column_name(key);
}

LeRobotMeta read_lerobot_meta(const fs::path& root) {
  const fs::path file = root / "meta" / "info.json";
  LeRobotMeta meta;
  const json object = read_json(file);
  const View info(object, file.string());
  meta.version = info.text("codebase_version");
  meta.fps = info.number("fps");
  if (!(meta.fps > 0)) fail<DataError>("{}: fps is {}", file.string(), meta.fps);
  if (const auto robot = object.find("robot_type"); robot != object.end() && robot->is_string())
    meta.robot_type = robot->get<std::string>();
  info.object("features");  // throws where it is no object
  for (const auto& item : object.at("features").items()) {
    const View feature(item.value(), fmt::format("{}: features: {}", file.string(), item.key()));
    meta.features.push_back({item.key(), feature.text("dtype"), feature.integers("shape"), says_depth(item.value()),
                             part_names(item.value())});
  }
  if (meta.version.starts_with("v2."))
    meta.episodes = episodes_v2(root, info, meta);
  else if (meta.version.starts_with("v3."))
    meta.episodes = episodes_v3(root, info, meta);
  else
    fail<DataError>("{}: LeRobot {} is not read (v2.0, v2.1 and v3.0 are)", file.string(), meta.version);
  return meta;
}

}  // namespace foresee::data
