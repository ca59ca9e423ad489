#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace foresee::data {

// Note [LeRobot]
// A folder of meta/info.json (rate, features, path templates), parquet files of numbers and one video a camera.
// v2.x (read): a parquet file and a video for each episode. v3.0 (read and written): many episodes in one file;
// meta/episodes/*.parquet says which rows, and from which second of which video. Times of frames begin at 0 in every
// episode. Names here and there: "observation.state" is "proprio", "observation.environment_state" is "state",
// "observation.images.NAME" is "pixels_NAME" ("pixels" for NAME = pixels); '.' becomes '_' in all others.

/// One feature of meta/info.json.
struct LeRobotFeature {
  std::string key;    // "observation.images.top"
  std::string dtype;  // "video", "image", "float32", "int64", "bool", ...
  std::vector<int64_t> shape;
  bool depth = false;              // 16-bit distances, as info.json says
  std::vector<std::string> parts;  // names of its numbers

  bool picture() const { return dtype == "video" || dtype == "image"; }
};

struct LeRobotEpisode {
  struct Video {
    std::filesystem::path path;
    double from_s = 0;           // where the episode begins in the file
    std::optional<double> to_s;  // where it ends, if the set says so
  };
  int64_t index = 0, length = 0;
  uint64_t id = 0;  // of the set it was converted from, else its index
  std::string task;
  std::filesystem::path data;           // parquet
  int64_t first_index = 0;              // "index" of its first row; v2.x: the file holds nothing else
  std::map<std::string, Video> videos;  // by feature
};

struct LeRobotMeta {
  std::string version;  // "v2.1", "v3.0"
  double fps = 0;
  std::vector<LeRobotFeature> features;
  std::string robot_type;  // empty: not said
  std::vector<LeRobotEpisode> episodes;
  std::vector<std::string> damaged;  // parts of meta/ that cannot be read, one message each
};

/// Reads everything under meta/. @throws DataError naming the file and what is missing.
LeRobotMeta read_lerobot_meta(const std::filesystem::path& root);

/// "videos/{video_key}/chunk-{chunk_index:03d}" with its fields filled in. @throws DataError on a field without a
/// value.
std::string fill_path(const std::string& pattern, const std::map<std::string, std::string>& texts,
                      const std::map<std::string, int64_t>& numbers);

/// Our name of a feature, and LeRobot's name of a column.
std::string column_of_feature(const std::string& key);

}  // namespace foresee::data
