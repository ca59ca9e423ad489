#include "jepa/core/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("foresee file test " + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(FileTest, AFullDiskKeepsTheOldFileAndLeavesNothingBehind) {
  write_file(folder_ / "a", "old");
  // A file-size limit fails writes as a full disk does (EFBIG for ENOSPC).
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit before = limit;
  limit.rlim_cur = 1000;
  std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT_THROW(write_file(folder_ / "a", std::string(100'000, 'x')), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, AStagedFolderAppearsOnlyWhenCommitted) {
  {
    StagedFolder staged(folder_ / "x");
    write_file(staged.path() / "f", "1");
    EXPECT_FALSE(fs::exists(folder_ / "x"));
  }
  EXPECT_EQ(entries(), 0u);
  StagedFolder staged(folder_ / "x");
  write_file(staged.path() / "f", "2");
  staged.commit();
  EXPECT_EQ(read_file(folder_ / "x" / "f"), "2");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, BrokenJsonIsNamedWithItsPlace) {
  write_file(folder_ / "c.json", "{\"a\": 1,\n oops}");
  try {
    read_json(folder_ / "c.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("c.json"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("line 2"), std::string::npos);
  }
  EXPECT_THROW(read_file(folder_), Error);
  EXPECT_THROW(read_file(folder_ / "absent"), Error);
}

}  // namespace
}  // namespace foresee
