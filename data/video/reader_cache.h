#pragma once

#include <filesystem>
#include <utility>

#include "data/video/index/index_cache.h"
#include "data/video/reader.h"
#include "jepa/core/recently_used.h"

namespace foresee::data {

/// A few open readers, by file: the ones used last stay open. A reader holds a decoder and its reference pictures, so
/// they are few; the index of a file that was closed stays in VideoOptions::indexes. One thread at a time.
class VideoReaderCache {
 public:
  /// @param options  of every reader; where they name no cache of indexes, one of its own is taken.
  VideoReaderCache(size_t most_open, VideoOptions options);

  /// The reader of a file, opened where it is not open; valid until the next call. @throws DataError.
  VideoReader& open(const std::filesystem::path& path);

  const VideoIndexCache& indexes() const { return *options_.indexes; }

 private:
  VideoOptions options_;
  RecentlyUsed<std::filesystem::path, VideoReader> readers_;
};

}  // namespace foresee::data
