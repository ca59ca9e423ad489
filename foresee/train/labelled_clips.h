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
  std::vector<std::string> labels;  // name of every class
};

/// Reads "PATH LABEL" in each line (V-JEPA 2's lists; also with a comma): the label is what stands behind the last
/// space or comma. Whole numbers are class numbers; any other labels are names, numbered in alphabetic order. Relative
/// paths count from the list. @throws DataError naming the line.
LabelledClips read_labelled_clips(const std::filesystem::path& list);

}  // namespace foresee
