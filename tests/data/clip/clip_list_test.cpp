// Claims: one parser reads the lists that people have: every existing file is named once, every missing one is named,
// labels are what the list says, and labels that contradict each other are told.
#include "data/clip/clip_list.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "data/clip/folder_files.h"
#include "data/clip/video_set.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;
using Row = std::pair<std::string, std::vector<std::string>>;  // name, labels

std::vector<Row> rows(const fs::path& list) {
  std::vector<Row> out;
  for (const ListedClip& clip : read_clip_list(list)) out.emplace_back(clip.name, clip.labels);
  return out;
}

std::vector<Row> rows_of(const std::string& text) {
  const TemporaryFolder folder;
  write_file(folder / "list.csv", text);
  return rows(folder / "list.csv");
}

TEST(ClipList, ReadsPathsAndLabelsWithoutFilesBySpelling) {
  EXPECT_EQ(
      rows_of("a.mp4 3\nb c.mp4 -1\n/x/d.mov,7\ne.mkv\t2\nf::8\n"),
      (std::vector<Row>{{"a.mp4", {"3"}}, {"b c.mp4", {"-1"}}, {"/x/d.mov", {"7"}}, {"e.mkv", {"2"}}, {"f", {"8"}}}));
  EXPECT_EQ(rows_of("a.mp4 playing guitar\nb.mp4,\"pouring, slowly\"\n"),
            (std::vector<Row>{{"a.mp4", {"playing guitar"}}, {"b.mp4", {"pouring, slowly"}}}));
  EXPECT_EQ(rows_of("\"a b\" 1\n\"c \"\"d\"\".mp4\",2\n"), (std::vector<Row>{{"a b", {"1"}}, {"c \"d\".mp4", {"2"}}}));
  EXPECT_EQ(
      rows_of("a.mp4 3 17\nb.mp4,run,jump\nc.mp4;4;5\nd.mp4 1.0\n"),
      (std::vector<Row>{{"a.mp4", {"3", "17"}}, {"b.mp4", {"run", "jump"}}, {"c.mp4", {"4", "5"}}, {"d.mp4", {"1"}}}));
  EXPECT_EQ(rows_of("clip_a 4\nclip_b\n"), (std::vector<Row>{{"clip_a", {"4"}}, {"clip_b", {}}}));
}

TEST(ClipList, PassesOverWhatIsNoClip) {
  EXPECT_EQ(rows_of("\xEF\xBB\xBF# my clips\r\n\r\na.mp4 1\r\n   \n#later\n"), (std::vector<Row>{{"a.mp4", {"1"}}}));
  EXPECT_EQ(rows_of("path,label\na.mp4,1\n"), (std::vector<Row>{{"a.mp4", {"1"}}}));
  EXPECT_EQ(rows_of("label,video_path\nopen door,a.mp4\n"), (std::vector<Row>{{"a.mp4", {"open door"}}}));
  EXPECT_TRUE(says(refusal_of<DataError>([] { rows_of("path,label\n"); }), "this list names no video"));
}

TEST(ClipList, ReadsWhatSpreadsheetsWrite) {
  EXPECT_EQ(rows_of("a.mp4 1\rb.mp4 2\r"), (std::vector<Row>{{"a.mp4", {"1"}}, {"b.mp4", {"2"}}})) << "CR alone";
  EXPECT_EQ(rows_of("a.mp4 , 1\n \"b c.mp4\" , 2\n  # later\n"),
            (std::vector<Row>{{"a.mp4", {"1"}}, {"b c.mp4", {"2"}}}));
  EXPECT_TRUE(says(refusal_of<DataError>([] {
                     rows_of(
                         "\xFF\xFE"
                         "a");
                   }),
                   "is UTF-16 text; save it as UTF-8"));
}

TEST(ClipList, ReadsWeightsOfAColumnThatIsCalledSo) {
  const TemporaryFolder folder;
  write_file(folder / "list.csv", "path,weight\na.mp4,0.5\nb.mp4,1.5\nc.mp4,0\n");
  EXPECT_EQ(read_clip_list(folder / "list.csv")[1].weight, 1.5);
  const VideoListing listing = list_video_files({folder / "list.csv"});
  ASSERT_EQ(listing.videos.size(), 2u);
  EXPECT_EQ(listing.videos[0].repeats, 1);
  EXPECT_EQ(listing.videos[1].repeats, 3);
  write_file(folder / "list.csv", "path,weight\na.mp4,much\n");
  EXPECT_TRUE(says(refusal_of<DataError>([&] { read_clip_list(folder / "list.csv"); }), "line 2: expected a weight"));
}

TEST(ClipList, NamesLabelsThatContradictEachOther) {
  const TemporaryFolder folder;
  write_file(folder / "a.mp4", "x");
  write_file(folder / "list.txt", "a.mp4 0\nb.mp4 5\n./a.mp4 1\nb.mp4 5\n");
  std::vector<size_t> clashing;
  const std::vector<std::string> conflicts = label_conflicts(read_clip_list(folder / "list.txt"), &clashing);
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_TRUE(says(conflicts[0], "a.mp4: '0' (line 1), '1' (line 3)"));
  EXPECT_EQ(clashing, (std::vector<size_t>{0, 2}));
}

class NamesFromTheField : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string command = "tar -xf tests/fixtures/cases/data/names.tar -C '" + folder_.path().string() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    names_ = folder_ / "names";
  }
  TemporaryFolder folder_;
  fs::path names_;
};

TEST_F(NamesFromTheField, OfListsAreReadWithTheirLabels) {
  const std::string plain = "plain.mp4", space = "with space.mp4";
  const auto labelled = [&](const char* list, std::vector<std::string> a, std::vector<std::string> b) {
    EXPECT_EQ(rows(names_ / list), (std::vector<Row>{{plain, a}, {space, b}})) << list;
  };
  labelled("bom.csv", {"3"}, {"4"});
  labelled("comment.txt", {"0"}, {"1"});
  labelled("crlf.csv", {"0"}, {"1"});
  labelled("floats.csv", {"3"}, {"4"});
  labelled("header.csv", {"0"}, {"1"});
  labelled("multi.csv", {"3", "17"}, {"4", "2"});
  labelled("negative.csv", {"-1"}, {"-1"});
  labelled("tabs.csv", {"0"}, {"1"});
  labelled("texts.csv", {"pouring water"}, {"open door"});
  EXPECT_EQ(rows(names_ / "commas.csv"), (std::vector<Row>{{plain, {"0"}}, {space, {"1"}}, {"a,b.mp4", {"2"}}}));
  EXPECT_EQ(rows(names_ / "missing.csv"), (std::vector<Row>{{plain, {"0"}}, {"gone.mp4", {"1"}}, {space, {"2"}}}));
  const auto without = rows(names_ / "nolabel.txt");
  ASSERT_EQ(without.size(), 7u);
  for (const auto& [name, labels] : without) {
    EXPECT_TRUE(fs::exists(names_ / name)) << name;
    EXPECT_TRUE(labels.empty()) << name;
  }
  EXPECT_TRUE(says(refusal_of<DataError>([&] { rows(names_ / "empty.csv"); }), "this list names no video"));
}

TEST_F(NamesFromTheField, OfRepeatedClipsCountAsOften) {
  const VideoListing listing = list_video_files({names_ / "dups.csv"});
  ASSERT_EQ(listing.videos.size(), 2u);
  EXPECT_EQ(listing.videos[0].repeats, 3);
  EXPECT_EQ(listing.videos[1].repeats, 1);
  ASSERT_EQ(label_conflicts(read_clip_list(names_ / "dups.csv")).size(), 1u);
  const VideoSplit split = hold_out(open_videos({names_ / "dups.csv"}));
  EXPECT_EQ(split.train.size(), 4u);
}

TEST_F(NamesFromTheField, OfFilesAreAllOpened) {
  const LogCapture lines;
  const VideoSet set = open_videos({names_});
  EXPECT_EQ(set.files.size(), 13u) << "all that are films, 'take 2' by its content";
  EXPECT_TRUE(set.broken.empty());
  EXPECT_TRUE(says(lines.text(), "files left out: "));
  EXPECT_TRUE(says(lines.text(), "no videos"));
}

TEST(FolderFromTheField, GivesEveryVideoInIt) {
  const TemporaryFolder folder;
  const std::string command = "tar -xf tests/fixtures/cases/data/folder-mix.tar -C '" + folder.path().string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const fs::path clips = folder / "folder-mix" / "clips";
  fs::create_directory_symlink(clips, clips / "loop");
  const LogCapture lines;
  const VideoSet set = open_videos({clips});
  std::vector<std::string> names;
  for (const VideoFile& file : set.files) names.push_back(file.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{".hidden/h.mp4", "B.MP4", "a.mp4", "anim.gif", "cam.mts", "cam.ts",
                                      "linked-file.mp4", "nokia.3gp", "old.mpg", "open.ogv", "web.flv", "win.wmv"}));
  EXPECT_TRUE(set.broken.empty());
  EXPECT_TRUE(says(lines.text(), "1 file left out: 1 that macOS keeps beside others (1 .mp4)"));
}

TEST(FolderFromTheField, OfManyEndingsTheMostFrequentAreNamed) {
  LeftOutCount left_out;
  for (int64_t i = 0; i < 12; ++i) left_out.add("that are no videos", "file." + std::to_string(10 + i));
  left_out.add("that are no videos", "file.21");
  EXPECT_EQ(left_out.text(),
            "13 files left out: 13 that are no videos (2 .21, 1 .10, 1 .11, 1 .12, 1 .13, 1 .14, 1 .15, 1 .16, 4 of 4 "
            "other endings)");
}

}  // namespace
}  // namespace foresee::data
