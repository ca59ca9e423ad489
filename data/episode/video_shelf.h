#pragma once

#include <filesystem>
#include <mutex>
#include <span>
#include <vector>

#include "data/video/reader_cache.h"

namespace foresee::data {

/// Rows of the videos of a set, which stay open between reads. Calls may come from several threads; one decodes at a
/// time.
class VideoShelf {
 public:
  explicit VideoShelf(size_t most_open = 16) : readers_(most_open, {}) {}

  /// @returns uint8 [n, H, W, 3]. @throws DataError naming the file, also for a frame it does not have.
  Tensor frames(const std::filesystem::path& path, std::span<const int64_t> indices);
  /// The frames nearest to some times (seconds, of the file's clock).
  struct Places {
    std::vector<int64_t> frames;
    double worst_s = 0;  // how far a frame lies from its time, at most
  };
  /// @param tolerance_s  a frame's own time may differ by this much. @throws DataError with both times otherwise.
  Places places(const std::filesystem::path& path, std::span<const double> seconds, double tolerance_s);
  VideoInfo info(const std::filesystem::path& path);

 private:
  std::mutex mutex_;
  VideoReaderCache readers_;
};

}  // namespace foresee::data
