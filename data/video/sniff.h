#pragma once

#include <filesystem>

namespace foresee::data {

/// True when the first bytes of a file are those of a container that VideoReader opens, whatever the file is called.
/// What is inside may still be no video. False for what cannot be read.
bool looks_like_video(const std::filesystem::path& path);

}  // namespace foresee::data
