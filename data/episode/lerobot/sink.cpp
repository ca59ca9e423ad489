#include "data/episode/sink.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "data/episode/lerobot/feature_statistics.h"
#include "data/episode/lerobot/meta.h"
#include "data/episode/lerobot/table.h"
#include "data/video/encode.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/staged.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr int64_t kFilesPerChunk = 1000;
constexpr int64_t kStatisticFrames = 20;  // pictures of an episode that its statistics are taken over
constexpr const char* kDataPath = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";
constexpr const char* kVideoPath = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4";

/// Number of a file in its format: "files" are counted within a chunk.
struct FileNumber {
  int64_t count = 0;
  int64_t chunk() const { return count / kFilesPerChunk; }
  int64_t file() const { return count % kFilesPerChunk; }
};

std::string feature_of_column(const std::string& name, bool has_proprio) {
  if (name == "proprio") return "observation.state";
  if (name == "state") return has_proprio ? "observation.environment_state" : "observation.state";
  return name;
}

std::string camera_feature(const std::string& name) {
  return "observation.images." + (name.starts_with("pixels_") ? name.substr(7) : name);
}

const char* dtype_name(const Tensor& values) {
  switch (values.scalar_type()) {
    case at::kBool:
      return "bool";
    case at::kByte:
      return "uint8";
    case at::kInt:
      return "int32";
    case at::kLong:
      return "int64";
    case at::kDouble:
      return "float64";
    default:
      return "float32";
  }
}

/// LeRobot has an action in every row; the last row of an episode has none here (NaN) and repeats the one before.
Tensor without_gaps(Tensor action) {
  if (!action.is_floating_point() || action.size(0) < 2) return action.nan_to_num(0.0);
  action = action.clone();
  for (int64_t t = 1; t < action.size(0); ++t)
    if (at::isnan(action[t]).any().item<bool>()) action[t] = action[t - 1];
  return action.nan_to_num(0.0);
}

/// A video being written, of one camera.
struct CameraFile {
  FileNumber number;
  std::optional<VideoWriter> writer;
  fs::path path;
  int64_t frames = 0;  // in this file
  int64_t height = 0, width = 0;
};

class LeRobotSink : public EpisodeSink {
 public:
  LeRobotSink(const fs::path& path, const SinkOptions& options) : folder_(path), options_(options) {
    if (!parquet_available()) write_parquet(path, {});  // throws: says what to do
    fps_ = std::llround(options.fps);
    FORESEE_CHECK(std::abs(options.fps - static_cast<double>(fps_)) < 1e-9 && fps_ > 0,
                  "LeRobot sets have a whole number of frames a second, got {}", options.fps);
  }

  void add(const Episode& episode) override {
    const int64_t length = episode.length(), index = static_cast<int64_t>(episodes_.size());
    TensorMap pictures{{"pixels", episode.frames}}, numbers;
    for (const auto& [name, values] : episode.columns) {
      FORESEE_CHECK(values.size(0) == length, "expected {} rows in '{}', got {}", length, name, values.size(0));
      if (values.scalar_type() == at::kByte && values.dim() == 4 && values.size(3) == 3)
        pictures[name] = values;
      else if (name != "ep_idx" && name != "episode_idx" && name != "step_idx" && name != "timestamp")
        numbers[feature_of(name, episode.columns.contains("proprio"))] = plain(name, values);
    }
    add_indices(numbers, episode, index);
    take_features(numbers, pictures);

    for (const auto& [name, values] : numbers) {
      statistics_[name].push_back(feature_statistics(values));
      data_[name].push_back(values);
      data_bytes_ += static_cast<int64_t>(values.nbytes());
    }
    EpisodeRow meta{.length = length,
                    .from = rows_,
                    .id = static_cast<int64_t>(episode.id),
                    .task = episode.task,
                    .data = data_number_,
                    .videos = {}};
    for (const auto& [name, frames] : pictures) {
      const std::string key = camera_of(name);
      statistics_[key].push_back(picture_statistics(frames, kStatisticFrames));
      meta.videos[key] = write_frames(cameras_[key], key, frames);
    }
    rows_ += length;
    episodes_.push_back(std::move(meta));
    if (data_bytes_ > options_.data_file_mb << 20) flush_data();
  }

  void commit() override {
    FORESEE_CHECK(!episodes_.empty(), "{}: no episode to write", folder_.path().string());
    flush_data();
    for (auto& [key, camera] : cameras_)
      if (camera.writer) camera.writer->finish();
    write_tasks();
    write_episodes();
    write_info();
    ordered_json stats;
    for (const auto& [name, parts] : statistics_) stats[name] = statistics_json(merge_statistics(parts));
    write_json(folder_.path() / "meta" / "stats.json", stats);
    folder_.commit();
  }

 private:
  struct VideoPlace {
    FileNumber number;
    double from_s, to_s;
  };
  struct EpisodeRow {
    int64_t length, from, id;
    std::string task;
    FileNumber data;
    std::map<std::string, VideoPlace> videos;
  };

  /// The set's own name of a column where it had one, else the usual one.
  std::string feature_of(const std::string& column, bool has_proprio) const {
    const auto found = options_.features.find(column);
    return found != options_.features.end() ? found->second.key : feature_of_column(column, has_proprio);
  }
  std::string camera_of(const std::string& column) const {
    const auto found = options_.features.find(column);
    return found != options_.features.end() ? found->second.key : camera_feature(column);
  }
  std::vector<std::string> parts_of(const std::string& key) const {
    for (const auto& [column, feature] : options_.features)
      if (feature.key == key) return feature.parts;
    return {};
  }

  static Tensor plain(const std::string& name, const Tensor& values) {
    Tensor out = name == "action" ? without_gaps(values) : values;
    if (out.dim() == 2 && out.size(1) == 1) out = out.flatten();
    const auto type = out.scalar_type();
    if (type == at::kHalf || type == at::kBFloat16) out = out.to(at::kFloat);
    if (type == at::kChar || type == at::kShort) out = out.to(at::kInt);
    return out.contiguous();
  }

  void add_indices(TensorMap& numbers, const Episode& episode, int64_t index) {
    const int64_t length = episode.length();
    auto task = std::find(tasks_.begin(), tasks_.end(), episode.task);
    if (task == tasks_.end()) task = tasks_.insert(tasks_.end(), episode.task);
    numbers["frame_index"] = at::arange(length, at::kLong);
    numbers["timestamp"] = (at::arange(length, at::kDouble) / static_cast<double>(fps_)).to(at::kFloat);
    numbers["episode_index"] = at::full({length}, index, at::kLong);
    numbers["index"] = at::arange(rows_, rows_ + length, at::kLong);
    numbers["task_index"] = at::full({length}, static_cast<int64_t>(task - tasks_.begin()), at::kLong);
  }

  void take_features(const TensorMap& numbers, const TensorMap& pictures) {
    ordered_json features;
    for (const auto& [name, values] : numbers) {
      ordered_json shape = ordered_json::array();
      for (int64_t axis = 1; axis < values.dim(); ++axis) shape.push_back(values.size(axis));
      if (shape.empty()) shape.push_back(1);
      features[name] = {{"dtype", dtype_name(values)}, {"shape", shape}, {"names", nullptr}};
      const auto parts = parts_of(name);
      if (!parts.empty() && values.dim() == 2 && static_cast<int64_t>(parts.size()) == values.size(1))
        features[name]["names"] = parts;
    }
    for (const auto& [name, frames] : pictures) {
      FORESEE_CHECK(frames.defined() && frames.dim() == 4 && frames.size(3) == 3,
                    "expected pictures uint8 [T, H, W, 3] in '{}', got {}", name, foresee::describe(frames));
      const bool even = frames.size(1) % 2 == 0 && frames.size(2) % 2 == 0;
      const std::string codec = options_.codec == "libx264"     ? "h264"
                                : options_.codec == "libsvtav1" ? "av1"
                                                                : options_.codec;
      features[camera_of(name)] = {{"dtype", "video"},
                                   {"shape", {frames.size(1), frames.size(2), 3}},
                                   {"names", {"height", "width", "channels"}},
                                   {"info",
                                    {{"video.height", frames.size(1)},
                                     {"video.width", frames.size(2)},
                                     {"video.codec", codec},
                                     {"video.pix_fmt", even ? "yuv420p" : "yuv444p"},
                                     {"video.is_depth_map", false},
                                     {"video.fps", fps_},
                                     {"video.channels", 3},
                                     {"has_audio", false}}}};
    }
    if (features_.is_null()) features_ = features;
    if (features == features_) return;
    for (const auto& [name, feature] : features.items())
      FORESEE_CHECK(features_.contains(name) && features_.at(name) == feature,
                    "feature '{}' was {} in the first episode, got {}", name,
                    features_.contains(name) ? features_.at(name).dump() : "not there", feature.dump());
    fail("a column of the first episode is missing in episode {}", episodes_.size());
  }

  VideoPlace write_frames(CameraFile& camera, const std::string& key, const Tensor& frames) {
    if (camera.writer && file_bytes(camera.path) > options_.video_file_mb << 20) {
      camera.writer->finish();
      camera.writer.reset();
      ++camera.number.count;
    }
    if (!camera.writer) {
      camera.path =
          folder_.path() / fill_path(kVideoPath, {{"video_key", key}},
                                     {{"chunk_index", camera.number.chunk()}, {"file_index", camera.number.file()}});
      fs::create_directories(camera.path.parent_path());
      EncodeOptions encode{.codec = options_.codec, .fps_numerator = fps_, .gop = 2, .b_frames = 0};
      if (frames.size(1) % 2 != 0 || frames.size(2) % 2 != 0) encode.pixel_format = "yuv444p";
      if (options_.codec == "libx264") encode.codec_options = {{"crf", "18"}};
      if (options_.codec == "libsvtav1") encode.codec_options = {{"crf", "30"}, {"preset", "12"}};
      camera.writer.emplace(camera.path, frames.size(1), frames.size(2), encode);
      camera.frames = 0;
    }
    const Tensor planes = frames.permute({0, 3, 1, 2}).contiguous();
    for (int64_t t = 0; t < planes.size(0); ++t) camera.writer->write(planes[t]);
    const auto rate = static_cast<double>(fps_);
    VideoPlace place{camera.number, static_cast<double>(camera.frames) / rate, 0};
    camera.frames += planes.size(0);
    place.to_s = static_cast<double>(camera.frames) / rate;
    return place;
  }

  /// What the encoder has written so far, under whatever name.
  static int64_t file_bytes(const fs::path& path) {
    int64_t bytes = 0;
    for (const auto& entry : fs::directory_iterator(path.parent_path()))
      if (entry.path().filename().string().starts_with(path.stem().string()))
        bytes += static_cast<int64_t>(entry.file_size());
    return bytes;
  }

  void flush_data() {
    if (data_.empty()) return;
    Table table;
    for (auto& [name, parts] : data_) table.numbers[name] = at::cat(parts);
    table.rows = table.numbers.at("index").size(0);
    const fs::path path =
        folder_.path() /
        fill_path(kDataPath, {}, {{"chunk_index", data_number_.chunk()}, {"file_index", data_number_.file()}});
    fs::create_directories(path.parent_path());
    write_parquet(path, table);
    data_.clear();
    data_bytes_ = 0;
    ++data_number_.count;
  }

  /// pandas reads "task" as the index of the table.
  void write_tasks() const {
    Table table;
    table.rows = static_cast<int64_t>(tasks_.size());
    table.texts["task"] = tasks_;
    table.numbers["task_index"] = at::arange(table.rows, at::kLong);
    const ordered_json pandas{{"index_columns", {"task"}},
                              {"column_indexes", ordered_json::array({{{"name", nullptr},
                                                                       {"field_name", nullptr},
                                                                       {"pandas_type", "unicode"},
                                                                       {"numpy_type", "object"},
                                                                       {"metadata", {{"encoding", "UTF-8"}}}}})},
                              {"columns", ordered_json::array({{{"name", "task_index"},
                                                                {"field_name", "task_index"},
                                                                {"pandas_type", "int64"},
                                                                {"numpy_type", "int64"},
                                                                {"metadata", nullptr}},
                                                               {{"name", "task"},
                                                                {"field_name", "task"},
                                                                {"pandas_type", "unicode"},
                                                                {"numpy_type", "object"},
                                                                {"metadata", nullptr}}})},
                              {"pandas_version", "2.2.0"}};
    fs::create_directories(folder_.path() / "meta");
    write_parquet(folder_.path() / "meta" / "tasks.parquet", table, {{"pandas", pandas.dump()}});
  }

  void write_episodes() const {
    Table table;
    table.rows = static_cast<int64_t>(episodes_.size());
    std::map<std::string, std::vector<int64_t>> numbers;
    std::map<std::string, std::vector<double>> times;
    for (size_t e = 0; e < episodes_.size(); ++e) {
      const EpisodeRow& episode = episodes_[e];
      numbers["episode_index"].push_back(static_cast<int64_t>(e));
      numbers["source_id"].push_back(episode.id);  // Foresee's: keeps held-out episodes held out
      numbers["length"].push_back(episode.length);
      numbers["dataset_from_index"].push_back(episode.from);
      numbers["dataset_to_index"].push_back(episode.from + episode.length);
      numbers["data/chunk_index"].push_back(episode.data.chunk());
      numbers["data/file_index"].push_back(episode.data.file());
      numbers["meta/episodes/chunk_index"].push_back(0);
      numbers["meta/episodes/file_index"].push_back(0);
      for (const auto& [key, video] : episode.videos) {
        numbers["videos/" + key + "/chunk_index"].push_back(video.number.chunk());
        numbers["videos/" + key + "/file_index"].push_back(video.number.file());
        times["videos/" + key + "/from_timestamp"].push_back(video.from_s);
        times["videos/" + key + "/to_timestamp"].push_back(video.to_s);
      }
      table.text_lists["tasks"].push_back({episode.task});
    }
    for (const auto& [name, values] : numbers) table.numbers[name] = at::tensor(values);
    for (const auto& [name, values] : times) table.numbers[name] = at::tensor(values, at::kDouble);
    for (const auto& [name, parts] : statistics_)
      for (const auto& [statistic, values] : stack_statistics(parts))
        table.numbers["stats/" + name + "/" + statistic] = values;
    const fs::path path = folder_.path() / "meta" / "episodes" / "chunk-000" / "file-000.parquet";
    fs::create_directories(path.parent_path());
    write_parquet(path, table);
  }

  void write_info() const {
    write_json(folder_.path() / "meta" / "info.json", {{"codebase_version", "v3.0"},
                                                       {"robot_type", options_.robot_type},
                                                       {"total_episodes", episodes_.size()},
                                                       {"total_frames", rows_},
                                                       {"total_tasks", tasks_.size()},
                                                       {"chunks_size", kFilesPerChunk},
                                                       {"data_files_size_in_mb", options_.data_file_mb},
                                                       {"video_files_size_in_mb", options_.video_file_mb},
                                                       {"fps", fps_},
                                                       {"splits", {{"train", fmt::format("0:{}", episodes_.size())}}},
                                                       {"data_path", kDataPath},
                                                       {"video_path", kVideoPath},
                                                       {"features", features_}});
  }

  StagedFolder folder_;
  SinkOptions options_;
  int64_t fps_ = 0;
  ordered_json features_;
  std::map<std::string, std::vector<FeatureStatistics>> statistics_;  // of each episode
  std::map<std::string, std::vector<Tensor>> data_;                   // rows not written yet
  int64_t data_bytes_ = 0, rows_ = 0;
  FileNumber data_number_;
  std::map<std::string, CameraFile> cameras_;
  std::vector<std::string> tasks_;
  std::vector<EpisodeRow> episodes_;
};

}  // namespace

std::unique_ptr<EpisodeSink> make_lerobot_sink(const fs::path& path, const SinkOptions& options) {
  return std::make_unique<LeRobotSink>(path, options);
}

}  // namespace foresee::data
