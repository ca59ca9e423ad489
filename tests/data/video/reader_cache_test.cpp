// Claims: one scan of a file's packets serves all threads, and readers that come after one was closed; a file that
// changed is scanned anew; what is kept is bounded; a few readers stay open, the ones used last.
#include "data/video/reader_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/data/video/numbered_video.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFrames = 40;

fs::path old_video(const TemporaryFolder& folder, const std::string& name, int64_t frames = kFrames) {
  const fs::path path = write_numbered(folder.path(), {.name = name, .options = {.gop = 10}, .frames = frames});
  make_old(path);
  return path;
}

TEST(VideoIndexCache, OneScanServesAllThreads) {
  const TemporaryFolder folder;
  const fs::path path = old_video(folder, "v.mp4");
  const auto indexes = std::make_shared<VideoIndexCache>();
  std::atomic<int64_t> scanned{0}, right{0};
  {
    std::vector<std::jthread> threads;
    for (int64_t t = 0; t < 6; ++t)
      threads.emplace_back([&, t] {
        VideoReader reader(path, {.indexes = indexes});
        scanned += reader.counters().packets_scanned;
        right += number_of(reader.frame(39 - 6 * t)) == 39 - 6 * t;
      });
  }
  EXPECT_EQ(scanned, kFrames);
  EXPECT_EQ(right, 6);
  EXPECT_EQ(indexes->made(), 1);
}

TEST(VideoIndexCache, GivesTheSameFramesAsAScan) {
  const TemporaryFolder folder;
  for (const char* name : {"v.mp4", "v.avi"}) {  // by time, and counted
    const fs::path path = old_video(folder, name);
    const auto indexes = std::make_shared<VideoIndexCache>();
    const VideoReader first(path, {.indexes = indexes});
    VideoReader again(path, {.indexes = indexes}), alone(path);
    EXPECT_GT(first.counters().packets_scanned, 0);
    EXPECT_EQ(again.counters().packets_scanned, 0);
    EXPECT_EQ(again.info().frame_count, alone.info().frame_count);
    EXPECT_EQ(again.info().end_s, alone.info().end_s);
    for (const int64_t i : {int64_t{25}, int64_t{3}, int64_t{39}, int64_t{0}})
      EXPECT_TRUE(again.frame(i).equal(alone.frame(i))) << name << " " << i;
  }
}

TEST(VideoIndexCache, IndexesAFileThatChangedAnew) {
  const TemporaryFolder folder;
  const fs::path path = old_video(folder, "v.mp4");
  const auto indexes = std::make_shared<VideoIndexCache>();
  EXPECT_EQ(VideoReader(path, {.indexes = indexes}).info().frame_count, kFrames);
  old_video(folder, "v.mp4", 25);
  EXPECT_EQ(VideoReader(path, {.indexes = indexes}).info().frame_count, 25);
  EXPECT_EQ(indexes->made(), 2);
  // Changed just now: a second change could look the same, so nothing is kept.
  write_numbered(folder.path(), {.name = "new.mp4", .options = {.gop = 10}, .frames = 5});
  EXPECT_FALSE(stamp_of(folder / "new.mp4"));
  EXPECT_EQ(VideoReader(folder / "new.mp4", {.indexes = indexes}).counters().packets_scanned, 5);
  EXPECT_EQ(indexes->made(), 2);
}

TEST(VideoIndexCache, IsBounded) {
  const TemporaryFolder folder;
  const auto indexes = std::make_shared<VideoIndexCache>(/*limit_mb=*/0);
  for (const char* name : {"a.mp4", "b.mp4", "c.mp4"}) VideoReader(old_video(folder, name), {.indexes = indexes});
  EXPECT_EQ(indexes->made(), 3);
  EXPECT_EQ(indexes->kept(), 1);
}

TEST(VideoIndexCache, TriesAgainAfterAFailure) {
  const TemporaryFolder folder;
  write_file(folder / "v.mp4", "no video");
  make_old(folder / "v.mp4");
  const auto indexes = std::make_shared<VideoIndexCache>();
  for (int i = 0; i < 2; ++i)
    EXPECT_FALSE(refusal_of<DataError>([&] { VideoReader(folder / "v.mp4", {.indexes = indexes}); }).empty());
  EXPECT_EQ(indexes->made(), 0);
}

TEST(VideoReaderCache, OpensAgainWithoutAScan) {
  const TemporaryFolder folder;
  const fs::path a = old_video(folder, "a.mp4"), b = old_video(folder, "b.mp4"), c = old_video(folder, "c.mp4");
  VideoReaderCache readers(2, {});
  EXPECT_EQ(readers.open(a).counters().packets_scanned, kFrames);
  readers.open(b);
  EXPECT_EQ(readers.open(a).counters().packets_scanned, kFrames) << "still open";
  readers.open(c);  // b, used longest ago, is closed
  EXPECT_EQ(readers.open(a).counters().packets_scanned, kFrames) << "still open";
  EXPECT_EQ(readers.open(b).counters().packets_scanned, 0) << "opened again, and not scanned";
  EXPECT_EQ(number_of(readers.open(b).frame(17)), 17);
  EXPECT_EQ(readers.indexes().made(), 3);
}

}  // namespace
}  // namespace foresee::data
