#include "jepa/core/files/staged.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/system_reason.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

constexpr size_t kLongestName = 200;  // of NAME_MAX = 255, with room for what is added

fs::path parent_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

/// ".NAME.tmp-PID", or ".NAME.tmp-PID-N" where that is taken.
fs::path temporary_name(const fs::path& path, int attempt) {
  return hidden_beside(
      path, attempt == 0 ? fmt::format("tmp-{}", ::getpid()) : fmt::format("tmp-{}-{}", ::getpid(), attempt));
}

}  // namespace

fs::path hidden_beside(const fs::path& path, const std::string& suffix) {
  std::string name = path.filename().string();
  if (name.size() > kLongestName)
    name = fmt::format("{}-{:016x}", name.substr(0, kLongestName - 17), std::hash<std::string>()(name));
  return path.parent_path() / fmt::format(".{}.{}", name, suffix);
}

bool is_temporary_name(const std::string& name) {
  return name.starts_with(".") && name.find(".tmp-") != std::string::npos;
}

bool rename_to_new(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST || errno == ENOTEMPTY) return false;
  if (errno != EINVAL && errno != ENOSYS) fail_errno(to, "rename into place");
  // A file system without that call.
  if (fs::symlink_status(to).type() != fs::file_type::not_found) return false;
  if (::rename(from.c_str(), to.c_str()) != 0) fail_errno(to, "rename into place");
  return true;
}

StagedFile::StagedFile(fs::path path) : final_(std::move(path)) {
  for (int attempt = 0;; ++attempt) {
    staging_ = temporary_name(final_, attempt);
    const int descriptor = ::open(staging_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) {
      ::close(descriptor);
      return;
    }
    if (errno != EEXIST) fail_errno(final_, "create");
  }
}

StagedFile::~StagedFile() {
  std::error_code ignored;
  if (!committed_) fs::remove(staging_, ignored);
}

void StagedFile::commit() {
  sync_to_disk(staging_);
  if (::rename(staging_.c_str(), final_.c_str()) != 0) fail_errno(final_, "rename into place");
  committed_ = true;
  sync_to_disk(parent_of(final_));
}

fs::path make_temporary_folder(const fs::path& path) {
  std::error_code code;
  fs::create_directories(parent_of(path), code);
  if (code) fail("{}: cannot create: {}", parent_of(path).string(), system_reason(code));
  for (int attempt = 0;; ++attempt) {
    const fs::path folder = temporary_name(path, attempt);
    if (::mkdir(folder.c_str(), 0777) == 0) return folder;
    if (errno != EEXIST) fail_errno(path, "create");
  }
}

void sync_folder(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_symlink()) sync_to_disk(entry.path());
  sync_to_disk(folder);
}

StagedFolder::StagedFolder(fs::path path) : final_(std::move(path)), staging_(make_temporary_folder(final_)) {}

StagedFolder::~StagedFolder() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(staging_, ignored);
}

void StagedFolder::commit() {
  sync_folder(staging_);
  ::rmdir(final_.c_str());  // an empty folder may give way
  if (!rename_to_new(staging_, final_)) fail("{}: something is there by now; nothing was replaced", final_.string());
  committed_ = true;
  sync_to_disk(parent_of(final_));
}

FileLock::FileLock(fs::path path, const std::string& busy, After after) : path_(std::move(path)), after_(after) {
  while (true) {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ < 0) fail_errno(path_, "create");
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      ::close(descriptor_);
      fail("{}", busy);
    }
    // Another process may have removed the file between the two calls: then the lock is on a file that is gone.
    struct stat held {
    }, named{};
    if (::fstat(descriptor_, &held) == 0 && ::stat(path_.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
        held.st_dev == named.st_dev)
      return;
    ::close(descriptor_);
  }
}

FileLock::~FileLock() {
  if (after_ == After::kRemove) ::unlink(path_.c_str());
  ::close(descriptor_);
}

}  // namespace foresee
