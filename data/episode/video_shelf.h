#pragma once

#include <filesystem>
#include <mutex>
#include <span>

#include "data/video/reader.h"
#include "data/video/recently_used.h"

namespace foresee::data {

/// Videos kept open between reads: opening indexes every packet, so an episode read clip by clip should pay for it
/// once. Calls may come from several threads; one decodes at a time.
class VideoShelf {
 public:
  explicit VideoShelf(size_t most_open = 16) : open_(most_open) {}

  /// @returns uint8 [n, H, W, 3]. @throws DataError naming the file, also for a frame it does not have.
  Tensor frames(const std::filesystem::path& path, std::span<const int64_t> indices);
  /// Frames on show at these times (seconds, of the file's clock). @param tolerance_s  the frame's own time may differ
  /// by this much. @throws DataError with both times otherwise.
  Tensor frames_at(const std::filesystem::path& path, std::span<const double> seconds, double tolerance_s);
  VideoInfo info(const std::filesystem::path& path);

 private:
  VideoReader& take(const std::filesystem::path& path);

  std::mutex mutex_;
  RecentlyUsed<std::filesystem::path, VideoReader> open_;
};

}  // namespace foresee::data
