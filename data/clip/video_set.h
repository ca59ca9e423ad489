#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/clip/clip.h"
#include "data/video/index_cache.h"
#include "data/video/reader.h"

namespace foresee {
class Fields;
}

namespace foresee::data {

/// A readable video of a set.
struct VideoFile {
  std::filesystem::path path;
  std::string name;  // relative to the folder that was asked for: what the held-out hash sees
  VideoInfo info;
};

/// A file that was left out.
struct BrokenVideo {
  std::filesystem::path path;
  std::string reason;
};

/// Videos to learn from, in the order they were listed (folders: by name), each once.
struct VideoSet {
  std::vector<VideoFile> files;
  std::vector<BrokenVideo> broken;
  std::shared_ptr<VideoIndexCache> indexes{};  // of the files, for whoever reads them; null: each reader makes its own

  int64_t frame_count() const;
  double duration_s() const;
};

/// Lists video files without opening them: a file is itself, a folder gives every mp4 mov mkv avi webm m4v under it, a
/// list file (.csv or .txt, V-JEPA 2's "path label" or "path::label" a line) gives the files it names, relative to
/// itself. @throws DataError for a path that does not exist and "PATH: no video in this folder".
std::vector<std::pair<std::filesystem::path, std::string>> list_videos(const std::vector<std::filesystem::path>& paths);

/// Opens every listed video once, on `threads` threads. Broken ones are counted, named in a warning each and left out.
/// @throws DataError as list_videos, and when no file is readable.
VideoSet open_videos(const std::vector<std::filesystem::path>& paths, int64_t threads = 2);

/// What is kept from training.
struct HoldOutConfig {
  double files = 0.1;  // share of the files, by hash of the name; used from `min_files` files on
  double time = 0.2;   // share of every video, its end; used below `min_files` files
  int64_t min_files = 10;
};
void describe(Fields& fields, HoldOutConfig& config);

/// Frames to train on and frames to test on; no frame is in both.
struct VideoSplit {
  std::vector<FrameRange> train, held_out;
  std::string rule;  // one line for reports: how it was split
};
VideoSplit hold_out(const VideoSet& set, const HoldOutConfig& config = {});

}  // namespace foresee::data
