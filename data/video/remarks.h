#pragma once

#include <string>
#include <vector>

#include "data/video/reader.h"

namespace foresee::data {

/// What is worth knowing of a video besides size, rate and length, a short phrase each: how reading will go, what was
/// done to the pictures, what of the file is not used. Empty for an ordinary video.
std::vector<std::string> remarks(const VideoInfo& info);

}  // namespace foresee::data
