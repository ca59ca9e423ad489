#include <ATen/ATen.h>

#include <algorithm>
#include <cctype>

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
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.is_directory()) take_pictures(entry.path().filename().string());
      const auto stem = entry.path().stem().string();
      if (entry.path().extension() == ".npz" && stem != "ep_len" && stem != "ep_offset") take_numbers(entry.path());
    }
    take_ids();
    opened(options);
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
    return at::stack(frames).contiguous();
  }

 private:
  fs::path picture(int64_t episode, const std::string& name, int64_t row) const {
    const auto stem = fmt::format("ep_{}_step_{}", episode, row);
    for (const char* extension : {".jpeg", ".jpg", ".png"})
      if (fs::exists(path() / name / (stem + extension))) return path() / name / (stem + extension);
    fail<DataError>("{}: no picture {}.jpeg", (path() / name).string(), stem);
  }
  fs::path video(int64_t episode, const std::string& name) const {
    return path() / name / fmt::format("ep_{}.mp4", episode);
  }

  void take_pictures(const std::string& name) {
    if (fs::exists(video(0, name))) {
      info_.format = "video";
      const VideoInfo video_info = videos_.info(video(0, name));
      info_.fps = video_info.average_fps;
      info_.columns.push_back({name, at::kByte, {video_info.height, video_info.width, 3}});
    } else {
      const Tensor first = read_image(picture(0, name, 0));
      info_.columns.push_back({name, at::kByte, {first.size(1), first.size(2), 3}});
    }
  }

  void take_numbers(const fs::path& file) {
    const Tensor values = read_numpy(file);
    const std::string name = column_name(file.stem().string());
    if (!values.defined() || values.dim() == 0) return;
    for (size_t e = 0; e < offsets_.size(); ++e)
      if (info_.lengths[e] < 1 || offsets_[e] < 0 || info_.lengths[e] > values.size(0) - offsets_[e])
        fail<DataError>("{}: episode {} has rows {}.. + {} of {}", file.string(), e, offsets_[e], info_.lengths[e],
                        values.size(0));
    numbers_[name] = values;
    info_.columns.push_back({name, values.scalar_type(), values.sizes().slice(1).vec()});
  }

  void take_ids() {
    for (const char* name : {"ep_idx", "episode_idx"}) {
      const auto found = numbers_.find(name);
      if (found == numbers_.end() || !info_.ids.empty()) continue;
      const Tensor values = found->second.to(at::kLong).flatten();
      for (const int64_t offset : offsets_) info_.ids.push_back(static_cast<uint64_t>(values[offset].item<int64_t>()));
    }
  }

  std::vector<int64_t> offsets_;
  TensorMap numbers_;
  mutable VideoShelf videos_;
};

}  // namespace

std::unique_ptr<EpisodeSource> open_folder(const fs::path& path, const SourceOptions& options) {
  return std::make_unique<FolderSource>(path, options);
}

}  // namespace foresee::data
