#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace foresee::data {

/// What a folder and those below it hold.
struct FolderFiles {
  /// Regular files with their names relative to the folder, in order of name. Linked files and folders are followed;
  /// a folder that was walked before, by any way, is not walked again.
  std::vector<std::pair<std::filesystem::path, std::string>> files;
  /// Folders that cannot be listed, with the system's reason.
  std::vector<std::pair<std::filesystem::path, std::string>> closed;
};

/// @throws DataError when the folder itself cannot be listed.
FolderFiles list_folder(const std::filesystem::path& folder);

/// Files that are not used, counted by reason, for one line to people.
class LeftOutCount {
 public:
  void add(const std::string& reason, const std::filesystem::path& file);
  void add(const LeftOutCount& others);
  bool empty() const { return reasons_.empty(); }
  /// "5 files left out: 4 that are no videos (3 .jpg, 1 .txt); 1 that may not be read (1 .mkv)".
  std::string text() const;

 private:
  // Reason -> ending of the file's name -> how many.
  std::map<std::string, std::map<std::string, int64_t>> reasons_;
};

}  // namespace foresee::data
