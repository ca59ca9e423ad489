#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace foresee {

// Note [Staged files]
// Whatever is written is written under another name beside its path, flushed and renamed, so that readers see the old
// or the new, never a part. Such names are ".NAME.tmp-PID"; creating one fails where it exists, and then a number is
// added, so two writers never share one. What a killed process leaves is recognised by that name.

/// A file under a temporary name, renamed when complete; removed when it is not.
class StagedFile {
 public:
  /// Makes an empty file beside `path`. @throws Error naming the path and the reason.
  explicit StagedFile(std::filesystem::path path);
  ~StagedFile();
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;

  /// Where to write.
  const std::filesystem::path& path() const { return staging_; }
  /// Flushes to the disk and renames, replacing an earlier file. @throws Error.
  void commit();

 private:
  std::filesystem::path final_, staging_;
  bool committed_ = false;
};

/// A folder filled under a temporary name and renamed when complete; removed when it is not.
class StagedFolder {
 public:
  /// @throws Error when the folder cannot be made.
  explicit StagedFolder(std::filesystem::path path);
  ~StagedFolder();
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;

  const std::filesystem::path& path() const { return staging_; }
  /// Flushes every file and renames the folder. @throws Error, also when something is at the path by now, unless it is
  /// an empty folder.
  void commit();

 private:
  std::filesystem::path final_, staging_;
  bool committed_ = false;
};

/// A lock on a file that ends with this object or with the process, however it ends.
class FileLock {
 public:
  enum class After { kKeep, kRemove };  // what becomes of the file
  /// Makes the file where there is none. Some network file systems have no locks: then there is no protection, and no
  /// failure either. @param busy  the message when another process holds it. @throws Error.
  FileLock(std::filesystem::path path, const std::string& busy, After after);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  After after_;
};

/// ".NAME.SUFFIX" beside a path; a name that is too long for the file system is cut and told apart by a hash.
std::filesystem::path hidden_beside(const std::filesystem::path& path, const std::string& suffix);
/// Makes a folder that did not exist, ".NAME.tmp-PID" beside `path` (and the folders above it). @throws Error.
std::filesystem::path make_temporary_folder(const std::filesystem::path& path);
/// True for names that this program gives to what is not finished: ".NAME.tmp-PID".
bool is_temporary_name(const std::string& name);
/// Renames where the target does not exist; false where it does. @throws Error.
bool rename_to_new(const std::filesystem::path& from, const std::filesystem::path& to);
/// Flushes every file of a folder, and the folders, to the disk. @throws Error.
void sync_folder(const std::filesystem::path& folder);

}  // namespace foresee
