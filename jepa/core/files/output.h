#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "jepa/core/error.h"
#include "jepa/core/files/format.h"

namespace foresee {

// Note [Outputs]
// A result never replaces what is there unless the user says so, and then only what this program wrote:
// - a path that exists is refused (OutputExists); an empty folder is as good as none;
// - with `overwrite`, a file must be a regular file of the format about to be written; a folder must hold the marker
//   ".foresee.json" ({"program", "version", "content", "files": [PATH, ...]}) and nothing that it does not list;
// - refused as well: what is mounted there (it cannot be moved aside); what is or holds the working folder, what is or
// holds an input, what lies in an input folder. The result is made in ".NAME.tmp-PID" beside its path. commit() moves
// the old one aside, moves the new one in and deletes the old one last; a killed commit is completed or taken back by
// the next run. The lock ".NAME.lock" beside the path keeps a second process off.

/// How an output may be written.
struct OutputRules {
  bool overwrite = false;                            // replace an earlier result of this program
  std::vector<std::filesystem::path> inputs;         // files and folders that are read; empty paths are ignored
  std::vector<std::filesystem::path> input_folders;  // data sets and video folders: nothing is written into them
};

/// The marker of a folder that this program wrote, and of one whose readers (stable-worldmodel's, of episodes as a
/// folder of columns) take every other name for a column.
inline constexpr const char* kOutputMarker = ".foresee.json";
inline constexpr const char* kColumnsMarker = "ep_len.foresee";

/// The place of a result, claimed before the work begins.
class Output {
 public:
  /// @throws OutputExists, or Error where the place is refused or another process writes there.
  static Output file(const std::filesystem::path& path, FileFormat format, const OutputRules& rules);
  /// @param content  what the folder holds, for its marker: "episodes", "model", "evaluation", ...
  /// @param marker  kOutputMarker or kColumnsMarker.
  static Output folder(const std::filesystem::path& path, const std::string& content, const OutputRules& rules,
                       const std::string& marker = kOutputMarker);
  ~Output();
  Output(Output&&) noexcept;

  /// Absolute, without "..", symbolic links followed.
  const std::filesystem::path& path() const;
  /// Where it is made: a path of the same name that does not exist yet, in an existing folder.
  const std::filesystem::path& staged() const;
  /// Puts what was made at staged() in its place. @throws Error; what was made is kept then where it could not be
  /// placed, and the message names it.
  void commit();

 private:
  struct Impl;
  explicit Output(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Refuses a place that is or holds the working folder or an input, or lies in an input folder. @throws Error.
void check_output_place(const std::filesystem::path& path, const OutputRules& rules);

/// Writes the marker: lists every file of the folder.
void write_output_marker(const std::filesystem::path& folder, const std::string& content,
                         const std::string& name = kOutputMarker);
/// Adds a file to the marker's list where the folder has one; `file` is relative to the folder.
void add_to_output_marker(const std::filesystem::path& folder, const std::filesystem::path& file);
/// What the marker says that the folder holds; empty without a marker.
std::string output_content(const std::filesystem::path& folder);

}  // namespace foresee
