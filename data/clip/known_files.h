#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/clip/video_set.h"

namespace foresee::data {

/// What is remembered of a video, to know it again when it lies elsewhere.
struct KnownFile {
  std::string path;
  std::string name;  // VideoFile::name
  std::optional<int64_t> bytes;
  std::string content;  // fingerprint of size, begin, middle and end; empty: not remembered
};

/// Looks at every file of a set. A file that cannot be read any more gets no fingerprint.
std::vector<KnownFile> known_files(const VideoSet& set);

/// Brings the files of a set into the order and under the names of `known`, where each is one of them and none is left:
/// by content, or else by path below the folder that holds them all.
/// @returns false where they are other files; the set is then as it was.
bool recognise(VideoSet& set, const std::vector<KnownFile>& known);

}  // namespace foresee::data
