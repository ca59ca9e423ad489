#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace foresee {

/// Clips with classes, as a list names them.
struct LabelledClips {
  std::vector<std::filesystem::path> paths;
  std::vector<int64_t> classes;     // of each path
  std::vector<int64_t> repeats;     // how often the list names each path
  std::vector<std::string> labels;  // name of every class
  std::filesystem::path folder;     // that holds the list
};

/// Reads a list of clips (data::read_clip_list) that gives each a class. Whole numbers are class numbers; any other
/// labels are names, numbered in alphabetic order. Files that are missing and clips without a label are named in a
/// warning and left out; of several labels of a line the first counts.
/// @throws DataError where a clip is listed with two classes, or no clip with a label is left.
LabelledClips read_labelled_clips(const std::filesystem::path& list);

}  // namespace foresee
