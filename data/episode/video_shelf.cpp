#include "data/episode/video_shelf.h"

#include <ATen/ATen.h>

#include <cmath>

#include "jepa/core/error.h"

namespace foresee::data {

VideoReader& VideoShelf::take(const std::filesystem::path& path) {
  return open_.get(path, [&] { return VideoReader(path); });
}

Tensor VideoShelf::frames(const std::filesystem::path& path, std::span<const int64_t> indices) {
  const std::lock_guard lock(mutex_);
  VideoReader& reader = take(path);
  for (const int64_t index : indices)
    if (index < 0 || index >= reader.info().frame_count)
      fail<DataError>("{}: holds {} frames, and row {} is asked for", path.string(), reader.info().frame_count, index);
  return reader.frames(indices).permute({0, 2, 3, 1}).contiguous();
}

Tensor VideoShelf::frames_at(const std::filesystem::path& path, std::span<const double> seconds, double tolerance_s) {
  const std::lock_guard lock(mutex_);
  VideoReader& reader = take(path);
  std::vector<int64_t> indices;
  for (const double time : seconds) {
    int64_t index = reader.index_at(time);
    if (index + 1 < reader.info().frame_count &&
        std::abs(reader.start_s(index + 1) - time) < std::abs(reader.start_s(index) - time))
      ++index;  // the time fell short of its frame by a rounding
    if (std::abs(reader.start_s(index) - time) > tolerance_s)
      fail<DataError>("{}: no frame within {} s of {:.6f} s; the nearest is at {:.6f} s", path.string(), tolerance_s,
                      time, reader.start_s(index));
    indices.push_back(index);
  }
  return reader.frames(indices).permute({0, 2, 3, 1}).contiguous();
}

VideoInfo VideoShelf::info(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  return take(path).info();
}

}  // namespace foresee::data
