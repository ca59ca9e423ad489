#include "data/episode/source.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <mutex>

#include "data/episode/lerobot/meta.h"
#include "data/episode/lerobot/table.h"
#include "data/episode/video_shelf.h"
#include "data/picture/image.h"
#include "jepa/core/error.h"
#include "jepa/core/recently_used.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostTables = 32;          // parquet files kept between reads
constexpr double kToleranceSeconds = 1e-4;  // LeRobot's tolerance_s

// Numbers that say where a row is; Foresee makes its own.
constexpr std::string_view kIndexFeatures[] = {"index", "episode_index", "frame_index", "task_index"};

/// LeRobot v2.0, v2.1 and v3.0, see Note [LeRobot].
class LeRobotSource : public EpisodeSource {
 public:
  LeRobotSource(const fs::path& path, const SourceOptions& options)
      : EpisodeSource(path), meta_(read_lerobot_meta(path)) {
    info_.format = "lerobot";
    info_.fps = meta_.fps;
    for (const auto& episode : meta_.episodes) {
      info_.lengths.push_back(episode.length);
      info_.ids.push_back(episode.id);
      info_.tasks.push_back(episode.task);
    }
    if (meta_.episodes.empty()) fail<DataError>("{}: holds no episode", path.string());
    const auto first = table(meta_.episodes.front().data);
    for (const auto& feature : meta_.features) {
      const std::string name = column_of_feature(feature.key);
      features_[name] = feature;
      if (feature.picture()) {
        info_.columns.push_back(picture_column(name, feature));
      } else if (first->numbers.contains(feature.key) && !is_index(feature.key)) {
        const Tensor& values = first->numbers.at(feature.key);
        info_.columns.push_back({name, values.scalar_type(), values.sizes().slice(1).vec()});
      }
    }
    opened(options);
  }

  /// Each file is read once for all columns.
  Tensor read_all(const std::string& name) const override {
    column(name);
    const std::lock_guard lock(all_mutex_);
    if (all_.empty()) {
      std::map<std::string, std::vector<Tensor>> rows;
      for (int64_t e = 0; e < episodes(); ++e)
        for (const auto& info : info_.columns)
          if (!info.picture()) rows[info.name].push_back(read_rows(e, info.name, 0, length(e)));
      for (const auto& [key, parts] : rows) all_[key] = at::cat(parts);
    }
    const auto found = all_.find(name);
    return found == all_.end() ? EpisodeSource::read_all(name) : found->second;
  }

 protected:
  Tensor read_rows(int64_t index, const std::string& name, int64_t first, int64_t count) const override {
    const LeRobotFeature& feature = features_.at(name);
    if (feature.picture()) return read_chosen(index, name, rows_from(first, 1, count));
    const auto& episode = meta_.episodes[static_cast<size_t>(index)];
    const auto [stored, row] = rows_of(episode);
    const auto found = stored->numbers.find(feature.key);
    if (found == stored->numbers.end()) fail<DataError>("{}: no column '{}'", episode.data.string(), feature.key);
    return found->second.narrow(0, row + first, count);
  }

  Tensor read_chosen(int64_t index, const std::string& name, std::span<const int64_t> rows) const override {
    const LeRobotFeature& feature = features_.at(name);
    const auto& episode = meta_.episodes[static_cast<size_t>(index)];
    const auto [stored, begin] = rows_of(episode);
    if (feature.dtype == "image") {
      const auto found = stored->texts.find(feature.key);
      if (found == stored->texts.end())
        fail<DataError>("{}: column '{}' holds no pictures", episode.data.string(), feature.key);
      std::vector<Tensor> pictures;
      for (const int64_t row : rows)
        pictures.push_back(
            decode_image(found->second[static_cast<size_t>(begin + row)],
                         fmt::format("{}: row {} of '{}'", episode.data.string(), begin + row, feature.key))
                .permute({1, 2, 0}));
      return at::stack(pictures).contiguous();
    }
    const auto& video = episode.videos.at(feature.key);
    const auto times = stored->numbers.find("timestamp");
    std::vector<double> seconds;
    for (const int64_t row : rows) {
      const double within = times == stored->numbers.end() ? static_cast<double>(row) / meta_.fps
                                                           : times->second[begin + row].item<double>();
      seconds.push_back(video.from_s + within);
    }
    return videos_.frames_at(video.path, seconds, kToleranceSeconds);
  }

 private:
  static bool is_index(const std::string& key) {
    return std::find(std::begin(kIndexFeatures), std::end(kIndexFeatures), key) != std::end(kIndexFeatures);
  }

  /// The size is the file's own: info.json of older writers has channels first, or says nothing.
  ColumnInfo picture_column(const std::string& name, const LeRobotFeature& feature) const {
    if (feature.dtype == "video") {
      const VideoInfo info = videos_.info(meta_.episodes.front().videos.at(feature.key).path);
      return {name, at::kByte, {info.height, info.width, 3}};
    }
    const Tensor first = LeRobotSource::read_chosen(0, name, std::vector<int64_t>{0});
    return {name, at::kByte, first.sizes().slice(1).vec()};
  }

  std::shared_ptr<const Table> table(const fs::path& file) const {
    const std::lock_guard lock(mutex_);
    return tables_.get(file, [&] { return std::make_shared<const Table>(read_parquet(file)); });
  }

  /// The file that holds an episode, and its first row there; checked.
  std::pair<std::shared_ptr<const Table>, int64_t> rows_of(const LeRobotEpisode& episode) const {
    auto stored = table(episode.data);
    int64_t row = 0;
    if (meta_.version.starts_with("v3.") && stored->numbers.contains("index") && stored->rows > 0)
      row = episode.first_index - stored->numbers.at("index").flatten()[0].item<int64_t>();
    if (row < 0 || row > stored->rows || episode.length > stored->rows - row)
      fail<DataError>("{}: episode {} has rows {}.. + {} of {}", episode.data.string(), episode.index, row,
                      episode.length, stored->rows);
    const auto number = stored->numbers.find("episode_index");
    if (number != stored->numbers.end() && number->second.dim() == 1)
      for (const int64_t at : {row, row + episode.length - 1})
        if (number->second[at].item<int64_t>() != episode.index)
          fail<DataError>("{}: row {} belongs to episode {}, and meta/ says {}", episode.data.string(), at,
                          number->second[at].item<int64_t>(), episode.index);
    return {std::move(stored), row};
  }

  LeRobotMeta meta_;
  std::map<std::string, LeRobotFeature> features_;  // by our name
  mutable VideoShelf videos_;
  mutable std::mutex mutex_, all_mutex_;
  mutable RecentlyUsed<fs::path, std::shared_ptr<const Table>> tables_{kMostTables};
  mutable TensorMap all_;
};

}  // namespace

std::unique_ptr<EpisodeSource> open_lerobot(const fs::path& path, const SourceOptions& options) {
  return std::make_unique<LeRobotSource>(path, options);
}

}  // namespace foresee::data
