#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/episode/episode.h"
#include "data/episode/hdf5/episode_file.h"

namespace foresee::data {

/// What a LeRobot set calls a column.
struct FeatureName {
  std::string key;                 // "observation.images.top"
  std::vector<std::string> parts;  // of a row's numbers; empty: none
};

/// How a set is written; each format takes what it has a use for.
struct SinkOptions {
  double fps = 10;                                         // rows a second: video, lerobot
  PixelCompression compression = PixelCompression::kNone;  // hdf5
  std::string codec = "libx264";                           // video, lerobot: FFmpeg's name of the encoder
  std::string robot_type = "unknown";                      // lerobot
  std::map<std::string, FeatureName> features{};           // lerobot: by column; others get the usual names
  int64_t data_file_mb = 100, video_file_mb = 200;         // lerobot: a new file is begun beyond these
};

/// Writes a set of episodes. All is written beside the target, which commit() replaces; without it nothing is left.
class EpisodeSink {
 public:
  virtual ~EpisodeSink() = default;
  /// @throws Error when the columns are not those of the first episode, or the disk is full.
  virtual void add(const Episode& episode) = 0;
  /// @throws Error, also when there was no episode.
  virtual void commit() = 0;
};

/// Formats that are written.
enum class SinkFormat { kHdf5, kNpz, kFolder, kVideo, kLeRobot };
inline constexpr std::pair<SinkFormat, std::string_view> kSinkFormatNames[] = {{SinkFormat::kHdf5, "hdf5"},
                                                                               {SinkFormat::kNpz, "npz"},
                                                                               {SinkFormat::kFolder, "folder"},
                                                                               {SinkFormat::kVideo, "video"},
                                                                               {SinkFormat::kLeRobot, "lerobot"}};

/// @throws Error where a part of the program that the format needs is not built in.
std::unique_ptr<EpisodeSink> make_sink(SinkFormat format, const std::filesystem::path& path,
                                       const SinkOptions& options = {});

/// LeRobot v3.0; see Note [LeRobot].
std::unique_ptr<EpisodeSink> make_lerobot_sink(const std::filesystem::path& path, const SinkOptions& options);

}  // namespace foresee::data
