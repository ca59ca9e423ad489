#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace foresee::data {

struct FrameIndex;  // data/video/index.h

/// What tells a file from others, and from itself before a change.
struct FileStamp {
  std::string path;
  uint64_t device = 0, inode = 0;
  int64_t size = 0;        // bytes
  int64_t changed_ns = 0;  // time of the last change

  auto operator<=>(const FileStamp&) const = default;
};
/// The stamp of a regular file; nothing for anything else, and for a file that changed so recently (2 s) that a second
/// change could leave the same stamp.
std::optional<FileStamp> stamp_of(const std::filesystem::path& path);

/// Indexes of the frames of video files: one pass over a file's packets serves all readers that share the cache, at the
/// same time and later. A file that changed is indexed anew. Calls may come from several threads.
class VideoIndexCache {
 public:
  /// @param limit_mb  memory for indexes, of which a frame takes about 72 bytes; the ones used last stay.
  explicit VideoIndexCache(int64_t limit_mb = 256);
  ~VideoIndexCache();
  VideoIndexCache(const VideoIndexCache&) = delete;
  VideoIndexCache& operator=(const VideoIndexCache&) = delete;

  /// The index of a file. Where it is not kept, `make` makes it, and other threads that ask for this file wait.
  /// @param verified  whether it holds only frames that were seen to decode. @throws what `make` throws.
  std::shared_ptr<const FrameIndex> get(const FileStamp& file, bool verified, const std::function<FrameIndex()>& make);

  /// How often an index was made, and how many are kept.
  int64_t made() const;
  int64_t kept() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foresee::data
