#include "data/episode/sink.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "data/episode/npz/npy.h"
#include "data/picture/image.h"
#include "data/video/encode.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/staged.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

bool is_pictures(const Tensor& values) {
  return values.scalar_type() == at::kByte && values.dim() == 4 && values.size(3) == 3;
}

class Hdf5Sink : public EpisodeSink {
 public:
  Hdf5Sink(const fs::path& path, const SinkOptions& options) : writer_(path, options.compression) {}
  void add(const Episode& episode) override {
    Episode plain = episode;
    plain.columns.erase("episode_idx");  // the writer numbers rows itself
    writer_.add(plain);
  }
  void commit() override { writer_.commit(); }

 private:
  EpisodeWriter writer_;
};

/// Columns of all episodes, and where each episode lies, as stable-worldmodel's npz, folder and video layouts keep
/// them.
class Rows {
 public:
  void add(const Episode& episode, TensorMap columns) {
    const int64_t length = episode.length();
    FORESEE_CHECK(length > 0, "expected an episode with at least one row");
    columns.erase("episode_idx");
    columns["ep_idx"] = at::full({length}, static_cast<int64_t>(episode.id), at::kInt);
    columns["step_idx"] = at::arange(length, at::kInt);
    for (const auto& [name, values] : columns) {
      auto& rows = columns_[name];
      FORESEE_CHECK(rows.size() == lengths_.size(), "column '{}' was not in the first episode", name);
      FORESEE_CHECK(values.size(0) == length, "expected {} rows in '{}', got {}", length, name, values.size(0));
      FORESEE_CHECK(rows.empty() || (rows.front().sizes().slice(1) == values.sizes().slice(1) &&
                                     rows.front().scalar_type() == values.scalar_type()),
                    "column '{}' was {} in the first episode, got {}", name, foresee::describe(rows.front()),
                    foresee::describe(values));
      rows.push_back(values);
    }
    FORESEE_CHECK(columns_.size() == columns.size(), "expected {} columns, got {}", columns_.size(), columns.size());
    offsets_.push_back(total_);
    lengths_.push_back(length);
    total_ += length;
  }
  int64_t episodes() const { return static_cast<int64_t>(lengths_.size()); }
  TensorMap all() const {
    TensorMap out;
    for (const auto& [name, rows] : columns_) out[name] = at::cat(rows);
    out["ep_len"] = at::tensor(lengths_).to(at::kInt);
    out["ep_offset"] = at::tensor(offsets_);
    return out;
  }

 private:
  std::map<std::string, std::vector<Tensor>> columns_;
  std::vector<int64_t> lengths_, offsets_;
  int64_t total_ = 0;
};

class NpzSink : public EpisodeSink {
 public:
  explicit NpzSink(fs::path path) : path_(std::move(path)) {}
  void add(const Episode& episode) override {
    TensorMap columns = episode.columns;
    if (episode.frames.defined()) columns["pixels"] = episode.frames;
    rows_.add(episode, std::move(columns));
  }
  void commit() override {
    FORESEE_CHECK(rows_.episodes() > 0, "{}: no episode to write", path_.string());
    write_npz(path_, rows_.all());
  }

 private:
  fs::path path_;
  Rows rows_;
};

/// stable-worldmodel's folder (a JPEG a row) and video (an mp4 an episode) layouts.
class FolderSink : public EpisodeSink {
 public:
  FolderSink(const fs::path& path, const SinkOptions& options, bool video)
      : folder_(path), options_(options), video_(video) {}

  void add(const Episode& episode) override {
    TensorMap columns = episode.columns, pictures;
    if (episode.frames.defined()) pictures["pixels"] = episode.frames;
    for (auto at = columns.begin(); at != columns.end();) {
      if (is_pictures(at->second)) {
        pictures[at->first] = at->second;
        at = columns.erase(at);
      } else {
        ++at;
      }
    }
    const int64_t number = rows_.episodes();
    rows_.add(episode, std::move(columns));
    for (const auto& [name, frames] : pictures) {
      FORESEE_CHECK(frames.size(0) == episode.length(), "expected {} pictures in '{}', got {}", episode.length(), name,
                    frames.size(0));
      fs::create_directories(folder_.path() / name);
      const Tensor planes = frames.permute({0, 3, 1, 2}).contiguous();
      if (video_) {
        write_video(folder_.path() / name / fmt::format("ep_{}.mp4", number), planes, video_options(options_, frames));
      } else {
        for (int64_t t = 0; t < planes.size(0); ++t)
          write_image(folder_.path() / name / fmt::format("ep_{}_step_{}.jpeg", number, t), planes[t]);
      }
    }
  }
  void commit() override {
    FORESEE_CHECK(rows_.episodes() > 0, "{}: no episode to write", folder_.path().string());
    for (const auto& [name, values] : rows_.all()) write_npz(folder_.path() / (name + ".npz"), {{"arr_0", values}});
    folder_.commit();
  }

  static EncodeOptions video_options(const SinkOptions& options, const Tensor& frames) {
    EncodeOptions out{.codec = options.codec};
    // 4:2:0 needs even sides.
    if (frames.size(1) % 2 != 0 || frames.size(2) % 2 != 0) out.pixel_format = "yuv444p";
    out.fps_numerator = static_cast<int64_t>(options.fps * 1000 + 0.5);
    out.fps_denominator = 1000;
    return out;
  }

 private:
  StagedFolder folder_;
  SinkOptions options_;
  bool video_;
  Rows rows_;
};

}  // namespace

std::unique_ptr<EpisodeSink> make_sink(SinkFormat format, const fs::path& path, const SinkOptions& options) {
  FORESEE_CHECK(options.fps > 0, "expected a positive number of rows a second, got {}", options.fps);
  switch (format) {
    case SinkFormat::kHdf5:
      return std::make_unique<Hdf5Sink>(path, options);
    case SinkFormat::kNpz:
      return std::make_unique<NpzSink>(path);
    case SinkFormat::kFolder:
      return std::make_unique<FolderSink>(path, options, /*video=*/false);
    case SinkFormat::kVideo:
      return std::make_unique<FolderSink>(path, options, /*video=*/true);
    case SinkFormat::kLeRobot:
      return make_lerobot_sink(path, options);
  }
  FORESEE_CHECK(false, "expected a known format, got number {}", static_cast<int>(format));
  return {};
}

}  // namespace foresee::data
