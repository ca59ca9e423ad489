#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace foresee::data {

/// A clip that a list names.
struct ListedClip {
  std::filesystem::path path;       // relative ones count from the list
  std::string name;                 // as the list spells it
  std::vector<std::string> labels;  // none, one or several; whole numbers without ".0"
  double weight = 1;                // of a column that the header calls so
  int64_t line = 0;                 // counted from 1
};

/// Reads a list of clips: V-JEPA 2's "path label" and "path::label", and what spreadsheets write. A line holds a path,
/// then labels behind a blank, comma, semicolon, tab or "::". The path is the longest beginning of the line that is a
/// file, else the longest that ends like one (.mp4), so paths and class names may hold blanks; quotes end all doubt.
/// Several labels stand behind commas, semicolons or tabs, or are numbers behind blanks. A byte-order mark, CRLF, empty
/// lines and lines that begin with # are passed over, and so is a first line of column names ("path,label"), which may
/// put the columns in another order or name a column of weights.
/// @throws DataError when the file cannot be read, and "PATH: this list names no video".
std::vector<ListedClip> read_clip_list(const std::filesystem::path& file);

/// One line for each clip that is listed with different labels: "PATH: '0' (line 1), '1' (line 2)".
/// @param clashing  when given, filled with the positions of these clips in `clips`, rising.
std::vector<std::string> label_conflicts(const std::vector<ListedClip>& clips, std::vector<size_t>* clashing = nullptr);

}  // namespace foresee::data
