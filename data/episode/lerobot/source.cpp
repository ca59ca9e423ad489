#include "data/episode/source.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <set>

#include "data/episode/lerobot/film.h"
#include "data/episode/lerobot/meta.h"
#include "data/episode/lerobot/table.h"
#include "data/episode/video_shelf.h"
#include "data/picture/image.h"
#include "jepa/core/error.h"
#include "jepa/core/recently_used.h"
#include "jepa/core/text/counted.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostTables = 32;               // parquet files kept between reads
constexpr int64_t kMostRows = int64_t{1} << 50;  // of a set: all counts are whole numbers to a double

// Numbers that say where a row is; Foresee makes its own.
constexpr std::string_view kIndexFeatures[] = {"index", "episode_index", "frame_index", "task_index"};

/// LeRobot v2.0, v2.1 and v3.0, see Note [LeRobot].
class LeRobotSource : public EpisodeSource {
 public:
  LeRobotSource(const fs::path& path, const SourceOptions& options)
      : EpisodeSource(path), meta_(read_lerobot_meta(path)), tolerance_s_(options.tolerance_s) {
    info_.format = "lerobot";
    info_.fps = meta_.fps;
    info_.robot_type = meta_.robot_type;
    for (const auto& episode : meta_.episodes) {
      info_.lengths.push_back(episode.length);
      info_.ids.push_back(episode.id);
      info_.names.push_back(fmt::format("episode {}", episode.index));
      info_.tasks.push_back(episode.task);
    }
    for (const auto& message : meta_.damaged) info_.left_out.push_back({"a part of meta/", message});
    check_tables();
    list_columns();
    choose_columns(options);
    check_columns();
    check_overlaps(options);
    check_pictures(options);
    keep_episodes(options);
    all_.clear();
  }

  /// Each file is read once for all columns.
  Tensor read_all(const std::string& name) const override {
    column(name);
    const std::lock_guard lock(all_mutex_);
    if (all_.empty()) {
      std::map<std::string, std::vector<Tensor>> rows;
      for (int64_t e = 0; e < episodes(); ++e)
        for (const auto& info : info_.columns)
          if (!info.picture()) rows[info.name].push_back(read(e, info.name, 0, length(e)));
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
      return stack_pictures(pictures, fmt::format("{}: row {} of '{}'", episode.data.string(),
                                                  begin + (rows.empty() ? 0 : rows.front()), feature.key));
    }
    const auto known = shown_.find({feature.key, index});
    const std::vector<int64_t> shown =
        known != shown_.end() ? known->second : film_frames(videos_, film(episode, feature), film_rows(index, feature));
    std::vector<int64_t> frames;
    for (const int64_t row : rows) frames.push_back(shown[static_cast<size_t>(row)]);
    return videos_.frames(episode.videos.at(feature.key).path, frames);
  }

 private:
  int64_t listed_episodes() const { return static_cast<int64_t>(meta_.episodes.size()); }

  /// Calls work(i, episode) for every episode that is still in; what it throws leaves the episode out.
  template <class Work>
  void each_episode(const Work& work) {
    for (int64_t i = 0; i < listed_episodes(); ++i) {
      if (is_left_out(i)) continue;
      try {
        work(i, meta_.episodes[static_cast<size_t>(i)]);
      } catch (const DataError& error) {
        leave_out(i, error.what());
      }
    }
  }

  void check_tables() {
    std::map<std::string, std::map<fs::path, std::string>> noted;  // of each column: files, and what became of it there
    each_episode([&](int64_t, const LeRobotEpisode& episode) {
      if (episode.length < 1) fail<DataError>("meta/ says {} rows", episode.length);
      const auto [stored, row] = rows_of(episode);
      if (!meta_.version.starts_with("v3.") && stored->rows != episode.length)
        fail<DataError>("{}: holds {} rows, and meta/episodes.jsonl says {}", episode.data.string(), stored->rows,
                        episode.length);
      check_order(episode, *stored, row);
      for (const auto& [name, note] : stored->notes) noted[name].emplace(episode.data, note);
    });
    for (const auto& [name, files] : noted) {
      const auto& [file, note] = *files.begin();
      const std::string more =
          files.size() == 1 ? "" : "; the same in " + counted(static_cast<int64_t>(files.size()) - 1, "more file");
      info_.notes.push_back(fmt::format("{}: column '{}': {}{}", file.filename().string(), name, note, more));
    }
  }

  /// The rows of an episode lie together and in their order: else each would get the picture of another.
  static void check_order(const LeRobotEpisode& episode, const Table& stored, int64_t first) {
    for (const auto& [name, may_rise] : {std::pair("episode_index", false), std::pair("frame_index", true)}) {
      const auto found = stored.numbers.find(name);
      if (found == stored.numbers.end() || found->second.numel() != stored.rows || episode.length < 2) continue;
      const Tensor values = found->second.flatten().narrow(0, first, episode.length).to(at::kDouble);
      const Tensor steps = values.diff();
      const Tensor wrong = may_rise ? steps.lt(0) : steps.ne(0);
      if (!wrong.any().item<bool>()) continue;
      const int64_t row = wrong.to(at::kLong).argmax().item<int64_t>() + 1;
      fail<DataError>("{}: '{}' is {:g} in row {} and {:g} in the next: sort the rows by episode and frame",
                      episode.data.string(), name, values[row - 1].item<double>(), first + row - 1,
                      values[row].item<double>());
    }
  }

  void list_columns() {
    std::optional<int64_t> first;
    for (int64_t i = 0; i < listed_episodes() && !first; ++i)
      if (!is_left_out(i)) first = i;
    if (!first) return;
    const auto stored = table(meta_.episodes[static_cast<size_t>(*first)].data);
    std::set<std::string> told;
    for (const auto& feature : meta_.features) {
      const std::string name = column_of_feature(feature.key);
      told.insert(feature.key);
      if (!name_feature(name, feature)) continue;
      if (feature.picture())
        list_pictures(name, feature);
      else if (stored->numbers.contains(feature.key))
        list_numbers(name, feature.key, *stored);
      else if (!is_index(feature.key))
        info_.unread.push_back({feature.key, unread_reason(*stored, feature)});
    }
    for (const auto& [key, values] : stored->numbers)  // what info.json forgot
      if (!told.contains(key)) {
        if (name_feature(column_of_feature(key), {.key = key, .dtype = {}, .shape = {}, .depth = false, .parts = {}}))
          list_numbers(column_of_feature(key), key, *stored);
      }
    for (const auto& [key, reason] : stored->unread)
      if (!told.contains(key)) info_.unread.push_back({key, reason});
  }

  /// False where another feature has our name already: the first one is read.
  bool name_feature(const std::string& name, const LeRobotFeature& feature) {
    const auto [known, is_new] = features_.emplace(name, feature);
    if (!is_new) info_.unread.push_back({feature.key, fmt::format("'{}' is column '{}'", known->second.key, name)});
    return is_new;
  }

  void list_numbers(const std::string& name, const std::string& key, const Table& stored) {
    if (is_index(key)) return;
    const Tensor& values = stored.numbers.at(key);
    info_.columns.push_back({name, values.scalar_type(), values.sizes().slice(1).vec(), key, features_.at(name).parts});
  }

  static std::string unread_reason(const Table& stored, const LeRobotFeature& feature) {
    if (const auto found = stored.unread.find(feature.key); found != stored.unread.end()) return found->second;
    if (stored.texts.contains(feature.key) || stored.text_lists.contains(feature.key)) return "text";
    return "info.json promises it, and the files do not hold it";
  }

  /// The size is the files' own, the most frequent of the first few: info.json of older writers has channels first, or
  /// says nothing.
  void list_pictures(const std::string& name, const LeRobotFeature& feature) {
    constexpr int64_t kAsked = 9;
    constexpr const char* kDepth = "16-bit depth pictures: they would become 8 bit";
    if (feature.depth) return info_.unread.push_back({name, kDepth});
    std::map<std::vector<int64_t>, int64_t> votes;
    std::string failure = "no episode has it";
    int64_t asked = 0;
    for (int64_t i = 0; i < listed_episodes() && asked < kAsked; ++i) {
      if (is_left_out(i)) continue;
      try {
        const auto shape = picture_shape(i, name, feature);
        if (shape.empty()) return info_.unread.push_back({name, kDepth});
        ++votes[shape];
        ++asked;
      } catch (const DataError& error) {
        failure = error.what();
      }
    }
    if (votes.empty()) return info_.unread.push_back({name, failure});
    const auto most =
        std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    info_.columns.push_back({name, at::kByte, most->first, feature.key});
  }

  /// [H, W, 3] of an episode's pictures; empty for depth. @throws DataError.
  std::vector<int64_t> picture_shape(int64_t index, const std::string& name, const LeRobotFeature& feature) const {
    if (feature.dtype == "video") {
      const VideoInfo info = videos_.info(film(meta_.episodes[static_cast<size_t>(index)], feature).path);
      if (is_depth_film(info)) return {};
      return {info.height, info.width, 3};
    }
    const auto& episode = meta_.episodes[static_cast<size_t>(index)];
    const auto [stored, begin] = rows_of(episode);
    const auto bytes = stored->texts.find(feature.key);
    if (bytes != stored->texts.end() && is_deep_png(bytes->second[static_cast<size_t>(begin)])) return {};
    return LeRobotSource::read_chosen(index, name, std::vector<int64_t>{0}).sizes().slice(1).vec();
  }

  /// A PNG of 16-bit grey: depth. The header says so at a fixed place.
  static bool is_deep_png(const std::string& bytes) {
    return bytes.size() > 26 && bytes.starts_with("\x89PNG") && bytes[24] == 16 && bytes[25] == 0;
  }

  static const LeRobotEpisode::Video& film(const LeRobotEpisode& episode, const LeRobotFeature& feature) {
    const auto found = episode.videos.find(feature.key);
    if (found == episode.videos.end()) fail<DataError>("meta/ names no film of '{}'", feature.key);
    return found->second;
  }

  /// Every file has the columns of the first, in the same shape.
  void check_columns() {
    each_episode([&](int64_t, const LeRobotEpisode& episode) {
      const auto stored = table(episode.data);
      for (const auto& column : info_.columns) {
        if (column.picture()) continue;
        const auto found = stored->numbers.find(column.origin);
        if (found == stored->numbers.end())
          fail<DataError>("{}: column '{}' {}", episode.data.string(), column.origin,
                          stored->unread.contains(column.origin) ? stored->unread.at(column.origin) : "is not there");
        if (found->second.sizes().slice(1) != at::IntArrayRef(column.shape))
          fail<DataError>("{}: column '{}' is {}, in others a row has the shape [{}]", episode.data.string(),
                          column.origin, foresee::describe(found->second), fmt::join(column.shape, ", "));
      }
    });
  }

  /// Episodes of one film must not share frames.
  void check_overlaps(const SourceOptions& options) {
    if (!meta_.version.starts_with("v3.")) return;
    for (const auto& name : needed_cameras(options)) {
      const LeRobotFeature& feature = features_.at(name);
      if (feature.dtype != "video") continue;
      std::map<fs::path, std::vector<std::pair<double, int64_t>>> films;
      each_episode([&](int64_t i, const LeRobotEpisode& episode) {
        const auto& video = film(episode, feature);
        const double length_s = static_cast<double>(episode.length) / meta_.fps;
        if (video.to_s && std::abs(*video.to_s - video.from_s - length_s) > 1 / meta_.fps)
          fail<DataError>("{}: meta/ gives it {:.3f} .. {:.3f} s, and {} rows take {:.3f} s", video.path.string(),
                          video.from_s, *video.to_s, episode.length, length_s);
        films[video.path].emplace_back(video.from_s, i);
      });
      for (auto& [path, begins] : films) {
        std::sort(begins.begin(), begins.end());
        for (size_t k = 0; k + 1 < begins.size(); ++k) {
          const auto& episode = meta_.episodes[static_cast<size_t>(begins[k].second)];
          const double end_s = begins[k].first + (static_cast<double>(episode.length) - 0.5) / meta_.fps;
          if (begins[k + 1].first >= end_s) continue;
          for (const size_t both : {k, k + 1})
            leave_out(
                begins[both].second,
                fmt::format("{}: episodes {} and {} share frames: {:.3f} s + {} rows, and {:.3f} s", path.string(),
                            episode.index, meta_.episodes[static_cast<size_t>(begins[k + 1].second)].index,
                            begins[k].first, episode.length, begins[k + 1].first));
        }
      }
    }
  }

  void check_pictures(const SourceOptions& options) {
    for (const auto& name : needed_cameras(options)) {
      const LeRobotFeature& feature = features_.at(name);
      const auto column = std::find_if(info_.columns.begin(), info_.columns.end(),
                                       [&](const auto& info) { return stored(info.name) == name; });
      std::map<std::string, int64_t> notes;  // episodes of each
      double worst_s = 0;
      int64_t off = 0;
      each_episode([&](int64_t i, const LeRobotEpisode& episode) {
        std::vector<int64_t> shape;
        if (feature.dtype == "video") {
          FilmNote note;
          shown_[{feature.key, i}] = film_frames(videos_, film(episode, feature), film_rows(i, feature), &note);
          if (!note.text.empty()) {
            ++notes[note.text];
          } else if (note.off_s > 0) {
            worst_s = std::max(worst_s, note.off_s);
            ++off;
          }
        } else {
          check_no_picture_is_missing(episode, feature);
        }
        shape = picture_shape(i, name, feature);
        if (shape.empty()) fail<DataError>("pictures of '{}' are depth, of the others colours", feature.key);
        if (shape != column->shape)
          fail<DataError>("pictures of '{}' are {} x {}, of the others {} x {}", feature.key, shape.at(0), shape.at(1),
                          column->shape[0], column->shape[1]);
      });
      if (off > 0) notes[fmt::format("times lie up to {:.1f} ms from their frames", worst_s * 1000)] = off;
      constexpr size_t kMostNotes = 3;
      size_t told = 0;
      for (const auto& [note, count] : notes)
        if (told++ < kMostNotes)
          info_.notes.push_back(
              fmt::format("'{}': {} (in {} of {} episodes)", feature.key, note, count, info_.lengths.size()));
      if (told > kMostNotes)
        info_.notes.push_back(fmt::format("'{}': {} more notes on times", feature.key, told - kMostNotes));
    }
  }

  void check_no_picture_is_missing(const LeRobotEpisode& episode, const LeRobotFeature& feature) const {
    const auto [stored, begin] = rows_of(episode);
    const auto found = stored->texts.find(feature.key);
    if (found == stored->texts.end())
      fail<DataError>("{}: column '{}' holds no pictures", episode.data.string(), feature.key);
    for (int64_t row = 0; row < episode.length; ++row)
      if (found->second[static_cast<size_t>(begin + row)].empty())
        fail<DataError>("{}: row {} of '{}' has no picture", episode.data.string(), row, feature.key);
  }

  FilmRows film_rows(int64_t index, const LeRobotFeature& feature) const {
    const auto& episode = meta_.episodes[static_cast<size_t>(index)];
    const auto [stored, begin] = rows_of(episode);
    const auto times = stored->numbers.find("timestamp");
    if (times != stored->numbers.end() && times->second.numel() != stored->rows)
      fail<DataError>("{}: expected one 'timestamp' per row", episode.data.string());
    // Films of v2.x hold one episode each.
    FilmRows out{.fps = meta_.fps, .alone = !meta_.version.starts_with("v3."), .tolerance_s = tolerance_s_};
    // In double: float32 times of an hour are off by a tenth of a millisecond.
    Tensor within = times == stored->numbers.end()
                        ? at::arange(episode.length, at::kDouble) / meta_.fps
                        : times->second.narrow(0, begin, episode.length).to(at::kDouble).flatten();
    within = (within + film(episode, feature).from_s).contiguous();
    out.seconds.assign(within.const_data_ptr<double>(), within.const_data_ptr<double>() + within.numel());
    return out;
  }

  static bool is_index(const std::string& key) {
    return std::find(std::begin(kIndexFeatures), std::end(kIndexFeatures), key) != std::end(kIndexFeatures);
  }

  std::shared_ptr<const Table> table(const fs::path& file) const {
    const std::lock_guard lock(mutex_);
    return tables_.get(file, [&] { return std::make_shared<const Table>(read_parquet(file)); });
  }

  /// A row's number in a column of scalars. Rows without a value became NaN. @throws DataError.
  static int64_t whole_number_at(const Table& stored, const char* name, int64_t row, const LeRobotEpisode& episode) {
    const Tensor& column = stored.numbers.at(name);
    const double value = column.numel() == stored.rows ? column.flatten()[row].to(at::kDouble).item<double>() : -1;
    if (!(value >= 0 && value <= static_cast<double>(kMostRows)))
      fail<DataError>("{}: row {} has no '{}'", episode.data.string(), row, name);
    return static_cast<int64_t>(value);
  }

  /// The file that holds an episode, and its first row there; checked.
  std::pair<std::shared_ptr<const Table>, int64_t> rows_of(const LeRobotEpisode& episode) const {
    auto stored = table(episode.data);
    int64_t row = 0;
    if (meta_.version.starts_with("v3.") && stored->numbers.contains("index") && stored->rows > 0)
      row = std::clamp<int64_t>(episode.first_index, -1, kMostRows) - whole_number_at(*stored, "index", 0, episode);
    if (row < 0 || row > stored->rows || episode.length > stored->rows - row)
      fail<DataError>("{}: episode {} has rows {}.. + {} of {}", episode.data.string(), episode.index, row,
                      episode.length, stored->rows);
    if (const auto number = stored->numbers.find("episode_index");
        number != stored->numbers.end() && number->second.dim() == 1 && episode.length > 0)
      for (const int64_t at : {row, row + episode.length - 1})
        if (const int64_t found = whole_number_at(*stored, "episode_index", at, episode); found != episode.index)
          fail<DataError>("{}: row {} belongs to episode {}, and meta/ says {}", episode.data.string(), at, found,
                          episode.index);
    return {std::move(stored), row};
  }

  LeRobotMeta meta_;
  std::map<std::string, LeRobotFeature> features_;  // by our name
  double tolerance_s_;
  std::map<std::pair<std::string, int64_t>, std::vector<int64_t>> shown_;  // frame of each row, by feature and episode
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
