#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/clip/video_set.h"
#include "data/video/reader.h"
#include "data/video/recently_used.h"
#include "jepa/core/tensor.h"

namespace foresee::data {

/// All frames of some videos, decoded. Immutable once made; shared by threads.
struct FrameCache {
  struct Video {
    Tensor frames;                                        // uint8 [N, 3, H, W]; undefined: not in the cache
    std::vector<std::optional<std::string>> undecodable;  // [N], why a frame is missing
  };
  std::vector<Video> videos;  // as in VideoSet::files

  /// Decodes the videos that `ranges` name on `threads` threads, when all their frames at `short_side` (0: full size)
  /// fit in `limit_mb`. @returns nullptr when they do not.
  static std::shared_ptr<const FrameCache> make(const VideoSet& set, std::span<const FrameRange> ranges,
                                                int64_t short_side, int64_t limit_mb, int64_t threads);
};

/// Reads frames of a set's videos for one thread: out of the cache, or with a few readers that stay open.
class ClipReader {
 public:
  /// @param set  outlives the reader. @param short_side  0: full size.
  ClipReader(const VideoSet& set, int64_t short_side, std::shared_ptr<const FrameCache> cache);

  /// @returns uint8 [n, 3, H, W], RGB. @throws DataError when a frame does not decode.
  Tensor frames(int64_t video, std::span<const int64_t> indices);

 private:
  VideoReader& open(int64_t video);

  const VideoSet& set_;
  int64_t short_side_;
  std::shared_ptr<const FrameCache> cache_;
  RecentlyUsed<int64_t, VideoReader> readers_;
};

/// Options of a reader for `short_side` (0: full size).
VideoOptions reader_options(int64_t short_side);

}  // namespace foresee::data
