#pragma once

#include <string>

namespace foresee::data {

/// What decodes video here, for people: "FFmpeg 5.1.9: h264 hevc vp9 av1 mpeg4"; empty in a build without video.
std::string video_backend();

}  // namespace foresee::data
