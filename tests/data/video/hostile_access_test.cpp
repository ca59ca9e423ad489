// Claims: a film whose times are wrong is decoded in order; a reader whose file goes away or changes under it says so,
// goes on giving what it can, and never crashes.
#include <gtest/gtest.h>

#include <filesystem>

#include "data/video/reader.h"
#include "data/video/remarks.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/data/video/numbered_video.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

NumberedVideo film(const std::string& name, int64_t frames = 60) {
  return {.name = name,
          .options = {.gop = 15,
                      .b_frames = 2,
                      .codec_options = {{"preset", "veryfast"}, {"x264-params", "scenecut=0:b-adapt=0"}}},
          .frames = frames};
}

// Exchanges the presentation times of pairs of pictures in the table of an MP4 ("ctts": count, offset).
void spoil_times(const fs::path& path) {
  std::string bytes = read_file(path);
  const size_t table = bytes.find("ctts") + 12;
  ASSERT_LT(table, bytes.size());
  const auto entry = [&](size_t i) { return table + 8 * i; };
  // Pictures 4 and 5 of a group of B pictures: single entries with different offsets.
  for (const size_t i : {size_t{6}, size_t{20}, size_t{31}})
    std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(entry(i) + 4),
                     bytes.begin() + static_cast<std::ptrdiff_t>(entry(i) + 8),
                     bytes.begin() + static_cast<std::ptrdiff_t>(entry(i + 1) + 4));
  write_file(path, bytes);
}

TEST(FilmWithWrongTimes, IsDecodedInOrderAndSaysSo) {
  const TemporaryFolder folder;
  const fs::path path = write_numbered(folder.path(), film("v.mp4"));
  spoil_times(path);
  VideoReader reader(path);
  EXPECT_FALSE(reader.info().seekable);
  EXPECT_EQ(reader.info().frame_count, 60);
  EXPECT_NEAR(reader.info().average_fps, 25, 2);
  for (int64_t i = 0; i < 60; ++i) ASSERT_EQ(number_of(reader.frame(i)), i);
  for (const int64_t i : {40, 3, 59, 0}) ASSERT_EQ(number_of(reader.frame(i)), i);
  const std::vector<std::string> said = remarks(reader.info());
  ASSERT_FALSE(said.empty());
  EXPECT_TRUE(says(said[0], "decoded in order, since the times of its packets are"));
  const VideoInfo verified = VideoReader(path, {.verify = true}).info();
  EXPECT_EQ(verified.frame_count, 60);
  EXPECT_FALSE(verified.seekable);
}

TEST(FileThatGoesAway, IsSaidAndReadOnWhenItIsBack) {
  const TemporaryFolder folder;
  const fs::path path = write_numbered(folder.path(), film("v.h264")), away = folder / "away.h264";
  VideoReader reader(path);
  ASSERT_EQ(number_of(reader.frame(50)), 50);
  fs::rename(path, away);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(says(refusal_of<DataError>([&] { reader.frame(5); }), "no such file"));
  fs::rename(away, path);
  EXPECT_EQ(number_of(reader.frame(5)), 5);
}

TEST(FileThatIsCutWhileItIsRead, IsRefusedWithoutACrash) {
  const TemporaryFolder folder;
  for (const char* name : {"v.mp4", "v.mkv", "v.ts", "v.h264", "v.avi"}) {
    SCOPED_TRACE(name);
    const fs::path path = write_numbered(folder.path(), film(name, 200));
    VideoReader reader(path);
    fs::resize_file(path, 700);
    int refused = 0;
    for (const int64_t i : {199, 0, 150, 60, 199, 1})
      refused += refusal_of<DataError>([&] { reader.frame(i); }).empty() ? 0 : 1;
    EXPECT_GE(refused, 3);
  }
}

TEST(FileThatIsReplacedWhileItIsRead, IsSaidToHaveChanged) {
  const TemporaryFolder folder;
  const fs::path path = write_numbered(folder.path(), film("v.h264"));
  VideoReader reader(path);
  reader.frame(50);
  fs::rename(write_numbered(folder.path(), film("other.h264", 30)), path);
  EXPECT_TRUE(says(refusal_of<DataError>([&] { reader.frame(5); }), "changed while it was read"));
}

}  // namespace
}  // namespace foresee::data
