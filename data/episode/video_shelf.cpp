#include "data/episode/video_shelf.h"

#include <ATen/ATen.h>

#include <cmath>

#include "jepa/core/error.h"

namespace foresee::data {

Tensor VideoShelf::frames(const std::filesystem::path& path, std::span<const int64_t> indices) {
  const std::lock_guard lock(mutex_);
  VideoReader& reader = readers_.open(path);
  for (const int64_t index : indices)
    if (index < 0 || index >= reader.info().frame_count)
      fail<DataError>("{}: holds {} frames, and row {} is asked for", path.string(), reader.info().frame_count, index);
  return reader.frames(indices).permute({0, 2, 3, 1}).contiguous();
}

VideoShelf::Places VideoShelf::places(const std::filesystem::path& path, std::span<const double> seconds,
                                      double tolerance_s) {
  const std::lock_guard lock(mutex_);
  VideoReader& reader = readers_.open(path);
  Places out;
  for (const double time : seconds) {
    if (!std::isfinite(time)) fail<DataError>("{}: a row's time is {}", path.string(), time);
    int64_t index = reader.index_at(time);
    if (index + 1 < reader.info().frame_count &&
        std::abs(reader.start_s(index + 1) - time) < std::abs(reader.start_s(index) - time))
      ++index;  // the time fell short of its frame
    const double distance = std::abs(reader.start_s(index) - time);
    if (distance > tolerance_s)
      fail<DataError>("{}: no frame within {:.4g} s of {:.6f} s; the nearest is at {:.6f} s", path.string(),
                      tolerance_s, time, reader.start_s(index));
    out.worst_s = std::max(out.worst_s, distance);
    out.frames.push_back(index);
  }
  return out;
}

VideoInfo VideoShelf::info(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  return readers_.open(path).info();
}

}  // namespace foresee::data
