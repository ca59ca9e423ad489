#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/clip/clip.h"
#include "data/clip/folder_files.h"
#include "data/clip/frame_times.h"
#include "data/video/index/index_cache.h"
#include "data/video/reader.h"
#include "jepa/core/api/job.h"

namespace foresee {
class Fields;
}

namespace foresee::data {

/// A readable video of a set.
struct VideoFile {
  std::filesystem::path path;
  std::string name;  // relative to the folder that was asked for: what the held-out hash sees
  VideoInfo info;
  int64_t repeats = 1;                      // how often a list names it, or by its weight: how often it is drawn
  std::shared_ptr<const FrameTimes> times;  // nothing: equally far apart, at info.average_fps

  /// `times`, or equal steps at info.average_fps.
  FrameTimes frame_times() const;
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
  ColourConversion colours = ColourConversion::kExact;  // how the files are read
  std::shared_ptr<VideoIndexCache> indexes{};  // of the files, for whoever reads them; null: each reader makes its own

  int64_t frame_count() const;
  double duration_s() const;
};

/// A file that is to be opened.
struct ListedVideo {
  std::filesystem::path path;
  std::string name;         // relative to the folder or list
  int64_t repeats = 1;      // see VideoFile
  bool by_content = false;  // it is not called a video, but looks like one inside
};

/// Files to open, each once, and what was passed over.
struct VideoListing {
  std::vector<ListedVideo> videos;
  LeftOutCount left_out;
};

/// Lists video files. A file is itself. A folder gives every file in it and below that is called a video or looks like
/// one inside. A list file (.csv or .txt, read_clip_list) gives the files it names; one that it names n times counts n
/// times, and where a column holds weights, by its weight: a file of the smallest weight once, 0 not at all.
/// @throws DataError for a path that does not exist or cannot be listed and "PATH: no video in this folder".
VideoListing list_video_files(const std::vector<std::filesystem::path>& paths);
/// Videos, and pictures where wanted, of one folder and those below it. @throws DataError where there is none.
VideoListing list_media_folder(const std::filesystem::path& folder, bool pictures_too);
/// The same as (path, name); what was left out is told in one line of the log.
std::vector<std::pair<std::filesystem::path, std::string>> list_videos(const std::vector<std::filesystem::path>& paths);

/// Opens every listed video once, on `threads` threads. Broken ones are counted, named in a warning each and left out;
/// one more line counts the files of folders that are no videos. Variable rates are said.
/// @param control  progress in videos. @throws DataError as list_videos, and when no file is readable; Interrupted.
VideoSet open_videos(const std::vector<std::filesystem::path>& paths, int64_t threads = 2,
                     const JobControl& control = {});

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
