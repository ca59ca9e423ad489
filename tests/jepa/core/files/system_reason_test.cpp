// Claims: an error number becomes words that say what it was and what to do; running out of descriptors is not a full
// disk, and a folder without rights is not an empty one.
#include "jepa/core/files/system_reason.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

TEST(SystemReason, SaysWhatToDo) {
  EXPECT_TRUE(says(system_reason(ENOSPC), "No space left on device (free some space"));
  EXPECT_TRUE(says(system_reason(EMFILE), "Too many open files (raise this process's limit: ulimit -n)"));
  EXPECT_TRUE(says(system_reason(EACCES), "Permission denied (you lack the right"));
  EXPECT_EQ(system_reason(ENOENT), "No such file or directory");
  EXPECT_EQ(system_reason(std::make_error_code(std::errc::read_only_file_system)), system_reason(EROFS));
}

TEST(SystemReason, TellsShortagesFromFaultsOfAFile) {
  EXPECT_TRUE(is_shortage(EMFILE) && is_shortage(ENFILE) && is_shortage(ENOMEM));
  EXPECT_FALSE(is_shortage(ENOENT) || is_shortage(EIO) || is_shortage(ENOSPC));
}

/// No further file can be opened while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(SystemReason, RunningOutOfDescriptorsIsNoFullDisk) {
  const TemporaryFolder folder;
  write_file(folder / "old", "x");
  std::string reading, writing;
  {
    const NoDescriptors none;
    reading = refusal_of<Error>([&] { read_file(folder / "old"); });
    writing = refusal_of<Error>([&] { write_file(folder / "new", "x"); });
  }
  EXPECT_TRUE(says(reading, "Too many open files"));
  EXPECT_TRUE(says(writing, "Too many open files"));
}

}  // namespace
}  // namespace foresee
