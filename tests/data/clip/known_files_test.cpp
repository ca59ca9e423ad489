// Claims: the files of a run are known again when their folder moved, by content or by name, in their old order; other
// files are not taken for them.
#include "data/clip/known_files.h"

#include <gtest/gtest.h>

#include "jepa/core/files/file.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

VideoSet set_of(const fs::path& folder, const std::vector<std::string>& names) {
  VideoSet set;
  for (const std::string& name : names) set.files.push_back({folder / name, name, {}});
  return set;
}

std::vector<std::string> names_of(const VideoSet& set) {
  std::vector<std::string> names;
  for (const VideoFile& file : set.files) names.push_back(file.path.filename().string());
  return names;
}

TEST(KnownFiles, AreKnownByContentUnderOtherNames) {
  const TemporaryFolder folder;
  write_file(folder / "a.mp4", "first");
  write_file(folder / "b.mp4", "second");
  const auto known = known_files(set_of(folder.path(), {"a.mp4", "b.mp4"}));
  fs::create_directory(folder / "new");
  fs::rename(folder / "a.mp4", folder / "new/z.mp4");
  fs::rename(folder / "b.mp4", folder / "new/y.mp4");
  VideoSet moved = set_of(folder / "new", {"y.mp4", "z.mp4"});
  ASSERT_TRUE(recognise(moved, known));
  EXPECT_EQ(names_of(moved), (std::vector<std::string>{"z.mp4", "y.mp4"}));
  EXPECT_EQ(moved.files[0].name, "a.mp4") << "what the held-out hash saw";
}

TEST(KnownFiles, AreKnownByNameBelowTheirFolder) {
  const TemporaryFolder folder;
  const std::vector<KnownFile> known{{"/old/place/x/a.mp4", "", {}, ""}, {"/old/place/b.mp4", "", {}, ""}};
  VideoSet moved = set_of(folder.path(), {"b.mp4", "x/a.mp4"});
  ASSERT_TRUE(recognise(moved, known));
  EXPECT_EQ(names_of(moved), (std::vector<std::string>{"a.mp4", "b.mp4"}));
}

TEST(KnownFiles, AreNotOtherFiles) {
  const TemporaryFolder folder;
  for (const char* name : {"a.mp4", "b.mp4", "c.mp4"}) write_file(folder / name, name);
  const auto known = known_files(set_of(folder.path(), {"a.mp4", "b.mp4"}));
  VideoSet other = set_of(folder.path(), {"a.mp4", "c.mp4"}), more = set_of(folder.path(), {"a.mp4", "b.mp4", "c.mp4"});
  EXPECT_FALSE(recognise(other, known));
  EXPECT_FALSE(recognise(more, known));
}

}  // namespace
}  // namespace foresee::data
