#include "jepa/core/files/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/staged.h"
#include "tests/support/full_disk.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_F(FileTest, AFullDiskKeepsTheOldFileAndLeavesNothingBehind) {
  write_file(folder_ / "a", "old");
  {
    const FullDisk full(1000);
    EXPECT_THROW(write_file(folder_ / "a", std::string(100'000, 'x')), Error);
  }
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(count_entries(folder_.path()), 1);
}

TEST_F(FileTest, AStagedFolderAppearsOnlyWhenCommitted) {
  {
    StagedFolder staged(folder_ / "x");
    write_file(staged.path() / "f", "1");
    EXPECT_FALSE(fs::exists(folder_ / "x"));
  }
  EXPECT_EQ(count_entries(folder_.path()), 0);
  StagedFolder staged(folder_ / "x");
  write_file(staged.path() / "f", "2");
  staged.commit();
  EXPECT_EQ(read_file(folder_ / "x" / "f"), "2");
  EXPECT_EQ(count_entries(folder_.path()), 1);
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
  EXPECT_THROW(read_file(folder_.path()), Error);
  EXPECT_THROW(read_file(folder_ / "absent"), Error);
}

TEST(File, NeverWaitsForAPipe) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(says(refusal_of<Error>([&] { read_file(folder / "pipe"); }), "is a pipe"));
  EXPECT_TRUE(says(refusal_of<Error>([&] { read_file("/dev/zero"); }), "is a device"));
  EXPECT_TRUE(says(refusal_of<Error>([&] { read_file(folder / "absent"); }), "no such file"));
  EXPECT_TRUE(says(refusal_of<Error>([&] { read_file(folder.path()); }), "is a folder"));
}

}  // namespace
}  // namespace foresee
