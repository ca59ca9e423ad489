#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/clip/video_set.h"

namespace foresee {

/// The paths of a run's videos, as its config.json holds them. Where an existing run learned from the same files in
/// another place (data::recognise), they are put into the run's order and get the names that the run knew them by, so
/// that it goes on as if nothing had moved; the paths are then the run's. For a new run, and for other files, they are
/// the videos' own. @param videos  may be put into another order.
std::vector<std::string> paths_in_run(const std::filesystem::path& run, data::VideoSet& videos);

/// Writes what paths_in_run() knows the files by, once per run (RUN/videos.json).
void remember_videos(const std::filesystem::path& run, const data::VideoSet& videos);

}  // namespace foresee
