// Claims: a set lists every video once, counts and names the broken ones, and never trains on what it tests on.
#include "data/clip/video_set.h"

#include <gtest/gtest.h>

#include <set>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/interrupted.h"
#include "tests/data/video/numbered_video.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names(const std::vector<fs::path>& paths) {
  std::vector<std::string> out;
  for (const auto& [path, name] : list_videos(paths)) out.push_back(name);
  return out;
}

void touch(const fs::path& path) {
  fs::create_directories(path.parent_path());
  write_file(path, "x");
}

TEST(ListVideos, WalksFoldersInOrderAndTakesOnlyVideoNames) {
  const TemporaryFolder folder;
  for (const char* name : {"b.mp4", "a/z.MKV", "a/c/y.webm", "notes.txt", "picture.png", "a.m4v", "x.avi", "q.mov"})
    touch(folder.path() / name);
  EXPECT_EQ(names({folder.path()}),
            (std::vector<std::string>{"a.m4v", "a/c/y.webm", "a/z.MKV", "b.mp4", "q.mov", "x.avi"}));
}

TEST(ListVideos, NamesEachFileOnceHoweverOftenItIsListed) {
  const TemporaryFolder folder;
  touch(folder / "a.mp4");
  touch(folder / "b.mp4");
  fs::create_symlink(folder / "a.mp4", folder / "link.mp4");
  EXPECT_EQ(names({folder / "b.mp4", folder.path(), folder.path() / "." / "a.mp4"}),
            (std::vector<std::string>{"b.mp4", "a.mp4"}));
}

TEST(ListVideos, ReadsListFilesInBothSpellings) {
  const TemporaryFolder folder;
  write_file(folder / "list.csv",
             "clips/one.mp4 3\n/abs/two two.mp4 -1\n\"quoted name.mp4\" 0\r\nthree::mp4.mp4::7\nplain.mp4\n\n");
  const auto listed = list_videos({folder / "list.csv"});
  std::vector<std::string> paths;
  for (const auto& [path, name] : listed) paths.push_back(path.string());
  const std::string root = folder.path().string() + "/";
  EXPECT_EQ(paths, (std::vector<std::string>{root + "clips/one.mp4", "/abs/two two.mp4", root + "quoted name.mp4",
                                             root + "three", root + "plain.mp4"}));
}

TEST(ListVideos, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  touch(folder / "readme.txt");
  write_file(folder / "empty.csv", "\n\n");
  const auto refusal = [](const fs::path& path) { return refusal_of<DataError>([&] { list_videos({path}); }); };
  EXPECT_TRUE(says(refusal(folder.path()), folder.path().string() + ": no video in this folder"));
  EXPECT_TRUE(says(refusal(folder / "no"), folder.path().string() + "/no: no such file or folder"));
  EXPECT_TRUE(says(refusal(folder / "empty.csv"), "this list names no video"));
}

TEST(OpenVideos, CountsAndNamesBrokenFilesAndGoesOn) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {.name = "good.mp4", .frames = 12});
  write_file(folder / "text.mp4", "no film");
  write_file(folder / "zero.mp4", "");
  const std::string bytes = read_file(folder / "good.mp4");
  write_file(folder / "cut.mp4", bytes.substr(0, bytes.size() / 3));
  const LogCapture lines;
  const VideoSet set = open_videos({folder.path()}, 3);
  const std::string log = lines.text();
  ASSERT_EQ(set.files.size(), 1u);
  EXPECT_EQ(set.files[0].name, "good.mp4");
  EXPECT_EQ(set.frame_count(), 12);
  EXPECT_NEAR(set.duration_s(), 12 / 25.0, 1e-6);
  ASSERT_EQ(set.broken.size(), 3u);
  for (const auto& [path, reason] : set.broken) {
    EXPECT_FALSE(reason.empty());
    EXPECT_TRUE(says(log, path.string() + ": left out: " + reason));
  }
}

TEST(OpenVideos, SaysHowFarItIsAndStopsWhenAsked) {
  const TemporaryFolder folder;
  for (const char* name : {"a.mp4", "b.mp4", "c.mp4"}) write_numbered(folder.path(), {.name = name, .frames = 12});
  StopAfter watch(-1);
  EXPECT_EQ(open_videos({folder.path()}, 1, watch.control()).files.size(), 3u);
  EXPECT_EQ(watch.updates.back().done, 3);
  StopAfter stop(1);
  EXPECT_THROW(open_videos({folder.path()}, 1, stop.control()), Interrupted);
}

TEST(OpenVideos, FailsWhenNothingIsReadable) {
  const TemporaryFolder folder;
  write_file(folder / "a.mp4", "no film");
  write_file(folder / "b.mp4", "");
  const std::string message = refusal_of<DataError>([&] { open_videos({folder.path()}); });
  EXPECT_TRUE(says(message, "none of 2 videos can be read"));
  EXPECT_TRUE(says(message, "a.mp4: cannot be read as a video"));
}

// A set of so many files with 100 frames each, without files.
VideoSet imagined(int64_t files) {
  VideoSet set;
  for (int64_t i = 0; i < files; ++i) {
    VideoInfo info;
    info.frame_count = 100;
    set.files.push_back({fmt::format("/v/{}.mp4", i), fmt::format("{}.mp4", i), info});
  }
  return set;
}

std::set<std::pair<int64_t, int64_t>> frames_in(const std::vector<FrameRange>& ranges) {
  std::set<std::pair<int64_t, int64_t>> frames;
  for (const FrameRange& range : ranges)
    for (int64_t i = range.begin; i < range.end; ++i) frames.emplace(range.video, i);
  return frames;
}

TEST(HoldOut, SharesNoFrameWithTraining) {
  for (const int64_t files : {1, 2, 9, 10, 11, 200}) {
    const VideoSplit split = hold_out(imagined(files));
    const auto train = frames_in(split.train), held_out = frames_in(split.held_out);
    for (const auto& frame : held_out) ASSERT_FALSE(train.contains(frame)) << files;
    EXPECT_EQ(static_cast<int64_t>(train.size() + held_out.size()), files * 100) << "every frame is in one of them";
    EXPECT_FALSE(held_out.empty()) << files;
    EXPECT_FALSE(train.empty()) << files;
  }
}

TEST(HoldOut, OfFewFilesIsTheEndOfEach) {
  const VideoSplit split = hold_out(imagined(3), {.time = 0.1});
  ASSERT_EQ(split.held_out.size(), 3u);
  EXPECT_EQ(split.held_out[1].begin, 90);
  EXPECT_EQ(split.held_out[1].end, 100);
  EXPECT_TRUE(says(split.rule, "last 10 % of each of 3 videos"));
}

TEST(HoldOut, OfManyFilesGoesByNameAndStaysWhenFilesAreAdded) {
  const VideoSplit small = hold_out(imagined(200)), large = hold_out(imagined(400));
  EXPECT_NEAR(static_cast<double>(large.held_out.size()), 40, 15);
  std::set<int64_t> later;
  for (const FrameRange& range : large.held_out) later.insert(range.video);
  for (const FrameRange& range : small.held_out) EXPECT_TRUE(later.contains(range.video)) << range.video;
}

TEST(HoldOut, LeavesASingleFrameToTraining) {
  VideoSet set = imagined(1);
  set.files[0].info.frame_count = 1;
  EXPECT_EQ(hold_out(set).train.size(), 1u);
  EXPECT_TRUE(hold_out(set).held_out.empty());
}

}  // namespace
}  // namespace foresee::data
