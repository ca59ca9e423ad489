#include "data/video/reader_cache.h"

namespace foresee::data {

VideoReaderCache::VideoReaderCache(size_t most_open, VideoOptions options)
    : options_(std::move(options)), readers_(most_open) {
  if (options_.indexes == nullptr) options_.indexes = std::make_shared<VideoIndexCache>();
}

VideoReader& VideoReaderCache::open(const std::filesystem::path& path) {
  return readers_.get(path, [&] { return VideoReader(path, options_); });
}

}  // namespace foresee::data
