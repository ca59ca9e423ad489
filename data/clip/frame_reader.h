#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "data/clip/video_set.h"
#include "data/video/reader_cache.h"
#include "jepa/core/tensor.h"

namespace foresee::data {

/// All frames of some videos, decoded. Immutable once made; shared by threads.
struct FrameCache {
  struct Video {
    Tensor frames;                                        // uint8 [N, 3, H, W]; undefined: not in the cache
    std::vector<std::optional<std::string>> undecodable;  // [N], why a frame is missing
    std::string unreadable;                               // why all are; empty: they are not
  };
  std::vector<Video> videos;  // as in VideoSet::files

  /// Decodes the videos that `ranges` name on `threads` threads, when all their frames at `short_side` (0: full size)
  /// fit in `limit_mb`. @returns nullptr when they do not.
  static std::shared_ptr<const FrameCache> make(const VideoSet& set, std::span<const FrameRange> ranges,
                                                int64_t short_side, int64_t limit_mb, int64_t threads);
};

/// Reads frames of a set's videos for one thread: out of the cache, or with a few readers that stay open. A file that
/// cannot be opened and a frame that does not decode are tried once.
class FrameReader {
 public:
  /// @param set  outlives the reader. @param short_side  0: full size.
  FrameReader(const VideoSet& set, int64_t short_side, std::shared_ptr<const FrameCache> cache);

  /// @returns uint8 [n, 3, H, W], RGB. @throws DataError when a frame does not decode.
  Tensor frames(int64_t video, std::span<const int64_t> indices);

 private:
  VideoReader& open(int64_t video);
  Tensor decode(int64_t video, std::span<const int64_t> indices);

  const VideoSet& set_;
  std::shared_ptr<const FrameCache> cache_;
  VideoReaderCache readers_;
  struct Failures {
    std::string unreadable;    // why no frame of the video comes; empty: some do
    std::set<int64_t> frames;  // that do not decode
    std::string reason;        // of the first of them
  };
  std::map<int64_t, Failures> failures_;  // of videos; outlive their readers
};

}  // namespace foresee::data
