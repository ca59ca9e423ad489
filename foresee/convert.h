#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foresee/error.h"
#include "foresee/export.h"
#include "foresee/job.h"
#include "foresee/picture_rule.h"
#include "foresee/settings.h"

namespace foresee {

/// Which episodes to write in another format.
struct ConvertRequest {
  /// How a set of episodes is written.
  enum class Format {
    kHdf5,     // one file, stable-worldmodel's columns
    kNpz,      // one file
    kFolder,   // stable-worldmodel's folder: a JPEG per row
    kVideo,    // the same with an mp4 per episode
    kLeRobot,  // LeRobot v3
  };

  /// Sets of episodes, one after the other: HDF5, npz, stable-worldmodel's folder or video layout, LeRobot v2.1 or v3,
  /// DINO-WM, DROID raw.
  std::vector<std::filesystem::path> inputs{};
  std::filesystem::path out{};    // a file (kHdf5, kNpz) or a folder
  Format format = Format::kHdf5;  // of the result
  /// Picture column that becomes "pixels"; with commas: these are kept, the first as "pixels". Empty: "pixels" itself,
  /// or the only one.
  std::string camera{};
  std::optional<int64_t> height{}, width{};    // px: pictures are brought to this size; both or none
  PictureRule picture = PictureRule::kResize;  // how
  double tolerance_s = 0;                      // how far a film's frame may lie from its row's time; 0: half a row
  bool strict = false;                         // an episode with a broken part is an error, instead of being left out
  std::optional<double> fps{};                 // what the result calls its rate; nothing: the first input's, else 10
  std::string codec = "libx264";               // kVideo, kLeRobot: FFmpeg's name of the encoder
  std::string robot_type{};                    // kLeRobot; empty: the first input's, else "unknown"
  std::optional<int64_t> episodes{};           // only the first so many, >= 1
  bool blosc = false;                          // kHdf5: compress pictures (Blosc, LZ4)
  JobOptions options{};                        // settings, device, seed and threads are not used
};

/// What was written.
struct ConvertResult {
  std::string from;                // format of the first input: "hdf5", "lerobot", ...
  int64_t episodes = 0, rows = 0;  // written
  int64_t left_out = 0;            // episodes with broken parts
  bool stopped = false;            // stopped before the end: nothing was written
};

/// Writes sets of episodes as one set of another format. Progress is counted in episodes. Several threads may convert
/// at once, into different places.
/// @throws DataError for an input that cannot be read; OutputExists; Error for columns that differ from episode to
/// episode, a format whose part is not built in, or a full disk.
FORESEE_API ConvertResult convert(const ConvertRequest& request, const JobControl& control = {});

}  // namespace foresee
