#pragma once

#include <cstdint>
#include <filesystem>

#include "foresee/error.h"
#include "foresee/export.h"
#include "foresee/job.h"
#include "foresee/settings.h"

namespace foresee {

/// Which scenes to draw, and where.
struct ScenesRequest {
  std::filesystem::path out{};  // a folder: scene-000000.mp4, ... and labels.csv
  int64_t clips = 280;          // 1 .. 1000000
  int64_t frames = 16;          // of a clip, 2 .. 4096
  int64_t size = 64;            // px, height and width; even, 16 .. 2048
  int64_t fps = 12;             // Hz, 1 .. 1000
  JobOptions options{};         // the seed says which scenes; device and settings are not used
};

/// What was drawn.
struct ScenesResult {
  int64_t clips = 0;
  std::filesystem::path labels{};  // a line per clip: its file, then the value of every factor; first their names
  bool stopped = false;            // nothing was written
};

/// Draws clips of moving scenes whose factors are known: direction, speed, count, colour, bounce, occlusion. Each is a
/// function of the seed and its number. Progress is counted in clips.
/// @throws RequestError for a member out of its range; OutputExists; Error for a build without video, or a full disk.
FORESEE_API ScenesResult make_scenes(const ScenesRequest& request, const JobControl& control = {});

}  // namespace foresee
