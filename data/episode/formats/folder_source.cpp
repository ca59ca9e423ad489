#include <ATen/ATen.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "data/episode/bounds.h"
#include "data/episode/npz/npy.h"
#include "data/episode/source.h"
#include "data/episode/video_shelf.h"
#include "data/picture/image.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

std::vector<int64_t> whole_numbers(const fs::path& path) {
  const Tensor list = read_numpy(path);
  if (!list.defined() || at::isFloatingType(list.scalar_type()))
    fail<DataError>("{}: expected whole numbers", path.string());
  const Tensor plain = list.to(at::kLong).flatten().contiguous();
  return {plain.const_data_ptr<int64_t>(), plain.const_data_ptr<int64_t>() + plain.numel()};
}

/// stable-worldmodel's folder and video layouts: numbers in .npz files, pictures as files or as videos.
class FolderSource : public EpisodeSource {
 public:
  FolderSource(const fs::path& path, const SourceOptions& options) : EpisodeSource(path) {
    info_.format = "folder";
    info_.lengths = whole_numbers(path / "ep_len.npz");
    offsets_ = whole_numbers(path / "ep_offset.npz");
    if (offsets_.size() != info_.lengths.size())
      fail<DataError>("{}: {} lengths and {} offsets of episodes", path.string(), info_.lengths.size(),
                      offsets_.size());
    const auto many = static_cast<int64_t>(info_.lengths.size());
    for (int64_t e = 0; e < many; ++e)
      if (info_.lengths[static_cast<size_t>(e)] == 0) leave_out(e, "ep_len gives it no row");
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.is_directory()) take_pictures(entry.path().filename().string());
      const auto stem = entry.path().stem().string();
      if (entry.path().extension() == ".npz" && stem != "ep_len" && stem != "ep_offset") take_numbers(entry.path());
    }
    take_ids();
    choose_columns(options);
    for (const auto& name : needed_cameras(options)) check_pictures(name);
    keep_episodes(options);
  }

 protected:
  Tensor read_rows(int64_t episode, const std::string& name, int64_t first, int64_t count) const override {
    const auto numbers = numbers_.find(name);
    if (numbers != numbers_.end())
      return numbers->second.narrow(0, offsets_[static_cast<size_t>(episode)] + first, count);
    return read_chosen(episode, name, rows_from(first, 1, count));
  }
  Tensor read_chosen(int64_t episode, const std::string& name, std::span<const int64_t> rows) const override {
    if (fs::exists(video(episode, name))) return videos_.frames(video(episode, name), rows);
    std::vector<Tensor> frames;
    for (const int64_t row : rows) frames.push_back(read_image(picture(episode, name, row)).permute({1, 2, 0}));
    if (frames.empty()) return at::empty({0, 1, 1, 3}, at::kByte);
    return stack_pictures(frames, picture(episode, name, rows.front()).string());
  }

 private:
  fs::path picture(int64_t episode, const std::string& name, int64_t row) const {
    if (const auto found = folders_.find(name); found != folders_.end() && found->second != name)
      return picture(episode, found->second, row);
    const auto stem = fmt::format("ep_{}_step_{}", episode, row);
    for (const char* extension : {".jpeg", ".jpg", ".png"})
      if (fs::exists(path() / name / (stem + extension))) return path() / name / (stem + extension);
    fail<DataError>("{}: no picture {}.jpeg", (path() / name).string(), stem);
  }
  fs::path video(int64_t episode, const std::string& name) const {
    if (const auto found = folders_.find(name); found != folders_.end() && found->second != name)
      return video(episode, found->second);
    return path() / name / fmt::format("ep_{}.mp4", episode);
  }

  /// The size of an episode's pictures, and how many there are at least. @throws DataError.
  std::pair<std::vector<int64_t>, int64_t> pictures_of(int64_t episode, const std::string& name) const {
    if (fs::exists(video(episode, name))) {
      const VideoInfo info = videos_.info(video(episode, name));
      return {{info.height, info.width, 3}, info.frame_count};
    }
    const int64_t length = info_.lengths[static_cast<size_t>(episode)];
    for (int64_t row = 0; row < length; ++row) picture(episode, name, row);
    const Tensor first = read_image(picture(episode, name, 0));
    return {{first.size(1), first.size(2), 3}, length};
  }

  /// The first episode whose pictures can be read says their size.
  void take_pictures(const std::string& name) {
    std::string failure;
    for (int64_t e = 0; e < static_cast<int64_t>(info_.lengths.size()); ++e) {
      if (is_left_out(e)) continue;
      try {
        info_.columns.push_back({column_name(name), at::kByte, pictures_of(e, name).first, name});
        folders_[column_name(name)] = name;
        if (!fs::exists(video(e, name))) return;
        info_.format = "video";
        info_.fps = videos_.info(video(e, name)).average_fps;
        return;
      } catch (const DataError& error) {
        if (failure.empty()) failure = error.what();
      }
    }
    info_.unread.push_back({name, failure});
  }

  void check_pictures(const std::string& name) {
    const auto column = std::find_if(info_.columns.begin(), info_.columns.end(),
                                     [&](const auto& info) { return stored(info.name) == name; });
    for (int64_t e = 0; e < static_cast<int64_t>(info_.lengths.size()); ++e) {
      if (is_left_out(e)) continue;
      try {
        const auto [shape, count] = pictures_of(e, name);
        const int64_t length = info_.lengths[static_cast<size_t>(e)];
        if (count < length)
          fail<DataError>("{}: holds {} frames and ep_len says {} rows", video(e, name).string(), count, length);
        if (shape != column->shape)
          fail<DataError>("pictures of '{}' are {} x {}, of the others {} x {}", name, shape[0], shape[1],
                          column->shape[0], column->shape[1]);
      } catch (const DataError& error) {
        leave_out(e, error.what());
      }
    }
  }

  void take_numbers(const fs::path& file) {
    const Tensor values = read_numpy(file);
    const std::string name = column_name(file.stem().string());
    if (!values.defined() || values.dim() == 0) {
      info_.unread.push_back({name, values.defined() ? "one value, not a row each" : "text or objects"});
      return;
    }
    check_bounds(info_.lengths, offsets_, values.size(0), file.string());
    numbers_[name] = values;
    info_.columns.push_back({name, values.scalar_type(), values.sizes().slice(1).vec()});
  }

  void take_ids() {
    for (const char* name : {"ep_idx", "episode_idx"}) {
      const auto found = numbers_.find(name);
      if (found == numbers_.end() || !info_.ids.empty()) continue;
      const Tensor values = found->second.to(at::kLong).flatten();
      for (size_t e = 0; e < offsets_.size(); ++e)
        info_.ids.push_back(info_.lengths[e] > 0 ? static_cast<uint64_t>(values[offsets_[e]].item<int64_t>()) : e);
    }
  }

  std::vector<int64_t> offsets_;
  TensorMap numbers_;
  std::map<std::string, std::string> folders_;  // of pictures, by our name of the column
  mutable VideoShelf videos_;
};

}  // namespace

std::unique_ptr<EpisodeSource> open_folder(const fs::path& path, const SourceOptions& options) {
  return std::make_unique<FolderSource>(path, options);
}

}  // namespace foresee::data
