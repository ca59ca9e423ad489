#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <numeric>
#include <ostream>
#include <string>
#include <vector>

#include "data/video/encode.h"
#include "jepa/core/tensor.h"

namespace foresee::data {

/// A picture that tells its own number after lossy coding: ten bits as black and white blocks in the upper half, and
/// something that moves in the lower half. @returns uint8 [3, height, width].
inline Tensor numbered_frame(int64_t number, int64_t height = 48, int64_t width = 80) {
  const Tensor x = at::arange(width).view({1, width}), y = at::arange(height).view({height, 1});
  const Tensor bit =
      at::bitwise_and(at::bitwise_right_shift(at::full_like(x, number), (x * 10).floor_divide(width)), 1);
  const Tensor bits = (bit * 220 + 16).expand({height, width});
  const Tensor moving = (x * 3 + y * 2 + number * 5) % 200 + 20;
  const Tensor upper = (y * 2 < height).expand({height, width});
  const Tensor red = at::where(upper, bits, moving);
  const Tensor green = at::where(upper, bits, (moving * 2) % 256);
  const Tensor blue = at::where(upper, bits, at::full_like(moving, 60));
  return at::stack({red, green, blue}).to(at::kByte);
}

/// The number that a decoded picture shows.
inline int64_t number_of(const Tensor& frame) {
  const int64_t height = frame.size(1), width = frame.size(2);
  int64_t number = 0;
  for (int64_t bit = 0; bit < 10; ++bit) {
    const int64_t x = (2 * bit + 1) * width / 20;
    if (frame[1][height / 4][x].item<int>() > 128) number |= int64_t{1} << bit;
  }
  return number;
}

/// What to write, and how.
struct NumberedVideo {
  std::string name;  // file name
  EncodeOptions options;
  int64_t frames = 90;
  int64_t height = 48, width = 80;
  std::function<int64_t(int64_t)> tick = [](int64_t i) { return i; };  // presentation time of frame i
};

inline void PrintTo(const NumberedVideo& video, std::ostream* out) { *out << video.name; }

inline std::filesystem::path write_numbered(const std::filesystem::path& folder, const NumberedVideo& video) {
  std::filesystem::path path = folder / video.name;
  VideoWriter writer(path, video.height, video.width, video.options);
  for (int64_t i = 0; i < video.frames; ++i) writer.write(numbered_frame(i, video.height, video.width), video.tick(i));
  writer.finish();
  return path;
}

/// Sets the time of a file's last change back: only such files are kept in a VideoIndexCache.
inline void make_old(const std::filesystem::path& path) {
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) - std::chrono::hours(1));
}

/// 0, 1, ..., n-1.
inline std::vector<int64_t> first_numbers(int64_t n) {
  std::vector<int64_t> numbers(static_cast<size_t>(n));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

}  // namespace foresee::data
