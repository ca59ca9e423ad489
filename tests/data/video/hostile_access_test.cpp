// Claims: a reader whose file goes away or changes under it says so,
// goes on giving what it can, and never crashes.
#include <gtest/gtest.h>

#include <filesystem>

#include "data/video/reader.h"
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

TEST(FileThatGoesAway, IsSaidAndReadOnWhenItIsBack) {
  const TemporaryFolder folder;
  const fs::path path = write_numbered(folder.path(), film("v.h264")), away = folder / "away.h264";
  VideoReader reader(path);
  ASSERT_EQ(number_of(reader.frame(50)), 50);
  fs::rename(path, away);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(says(refusal_of<DataError>([&] { reader.frame(5); }), "no such file"));
  fs::rename(away, path);
  EXPECT_EQ(number_of(reader.frame(5)), 5);
}

TEST(FileThatIsCutWhileItIsRead, IsRefusedWithoutACrash) {
  const TemporaryFolder folder;
  for (const char* name : {"v.mp4", "v.mkv", "v.ts", "v.h264"}) {
    SCOPED_TRACE(name);
    NumberedVideo large = film(name, 80);  // larger than what is read ahead
    large.height = 240;
    large.width = 400;
    const fs::path path = write_numbered(folder.path(), large);
    VideoReader reader(path);
    fs::resize_file(path, 700);
    int refused = 0;
    for (const int64_t i : {79, 0, 50, 20, 79, 35})
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
