// Claims: films as people have them (tests/fixtures/cases/data: each folder's README says what it is and what is
// expected) come out as FFmpeg's own program shows them, and what is special about them is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <map>

#include "data/video/reader.h"
#include "data/video/remarks.h"
#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "tests/data/video/numbered_video.h"
#include "tests/support/refusal.h"

namespace foresee::data {
namespace {

using testing::ElementsAreArray;

std::filesystem::path the_case(const std::string& name) {
  return std::filesystem::path("tests/fixtures/cases/data") / name;
}

// The number of the bar code across the middle of a picture: eight bits, the highest on the left.
int64_t number_shown(const Tensor& frame) {
  const int64_t y = frame.size(1) / 2, width = frame.size(2);
  int64_t number = 0;
  for (int64_t bit = 0; bit < 8; ++bit)
    number = 2 * number + (frame[1][y][(2 * bit + 1) * width / 16].item<int>() > 128 ? 1 : 0);
  return number;
}

std::vector<int64_t> numbers_shown(VideoReader& reader) {
  std::vector<int64_t> numbers;
  const Tensor frames = reader.frames(first_numbers(reader.info().frame_count));
  for (int64_t i = 0; i < frames.size(0); ++i) numbers.push_back(number_shown(frames[i]));
  return numbers;
}

std::vector<int64_t> range(int64_t begin, int64_t end) {
  std::vector<int64_t> numbers;
  for (int64_t i = begin; i < end; ++i) numbers.push_back(i);
  return numbers;
}

std::vector<int64_t> operator+(std::vector<int64_t> a, const std::vector<int64_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string remarks_of(const VideoInfo& info) {
  std::string text;
  for (const std::string& remark : remarks(info)) text += remark + "; ";
  return text;
}

using Colour = std::array<int, 3>;
constexpr Colour kRed{230, 20, 20}, kGreen{20, 200, 20}, kBlue{20, 20, 230}, kYellow{230, 220, 20};

// Holds the corners (top left, top right, bottom left, bottom right) against colours.
void expect_corners(const Tensor& frame, const std::array<Colour, 4>& expected, int tolerance) {
  const int64_t h = frame.size(1), w = frame.size(2);
  for (size_t i = 0; i < 4; ++i)
    for (size_t c = 0; c < 3; ++c)
      EXPECT_NEAR(frame[static_cast<int64_t>(c)][i < 2 ? h / 10 : h - 1 - h / 10][i % 2 == 0 ? w / 12 : w - 1 - w / 12]
                      .item<int>(),
                  expected[i][c], tolerance)
          << "corner " << i << ", channel " << c;
}
constexpr std::array<Colour, 4> kUpright{kRed, kGreen, kBlue, kYellow};

struct Film {
  std::string name;
  std::vector<int64_t> numbers;
  std::string remark;  // part of what is said; empty: nothing at all is said
};

class FilmFromTheField : public ::testing::TestWithParam<Film> {};

TEST_P(FilmFromTheField, ShowsThePicturesThatFfmpegShowsInTheirOrder) {
  VideoReader reader(the_case(GetParam().name));
  EXPECT_EQ(numbers_shown(reader), GetParam().numbers) << GetParam().name;
}

TEST_P(FilmFromTheField, GivesTheSameBitsInAnyOrderOfAccess) {
  VideoReader sequential(the_case(GetParam().name)), random_access(the_case(GetParam().name));
  const int64_t count = sequential.info().frame_count;
  const Tensor expected = sequential.frames(first_numbers(count));
  auto order = Random(7, Stream::kTest).permutation(count);
  order.resize(static_cast<size_t>(std::min<int64_t>(count, 25)));
  for (const int64_t i : order) ASSERT_TRUE(random_access.frame(i).equal(expected[i])) << GetParam().name << " " << i;
}

TEST_P(FilmFromTheField, SaysWhatIsSpecial) {
  const std::string said = remarks_of(VideoReader(the_case(GetParam().name)).info());
  if (GetParam().remark.empty())
    EXPECT_EQ(said, "") << GetParam().name;
  else
    EXPECT_TRUE(says(said, GetParam().remark)) << GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, FilmFromTheField,
    ::testing::Values(
        Film{"alpha/anim.gif", range(24, 32), "transparency"}, Film{"alpha/png.mov", range(0, 8), "transparency"},
        Film{"alpha/vp9a.webm", range(0, 8), "transparency"},
        Film{"anamorphic/dv.mp4", range(0, 25), "pixels 1.422 times as wide"},
        Film{"anamorphic/dvd.mpg", range(0, 25), "interlaced"}, Film{"avi-nopts/h264.avi", range(0, 30), "in order"},
        Film{"avi-nopts/walk.avi", range(0, 30), "in order"}, Film{"codecs/av1.mp4", range(0, 10), ""},
        Film{"codecs/h263.3gp", range(0, 10), "pixels"}, Film{"codecs/huff.avi", range(0, 10), ""},
        Film{"codecs/mjpeg.avi", range(0, 10), ""}, Film{"codecs/mpeg1.mpg", range(0, 10), "in order"},
        Film{"codecs/prores.mov", range(0, 10), "10 bit"}, Film{"codecs/raw.avi", range(0, 6), ""},
        Film{"codecs/theora.ogv", range(0, 10), ""}, Film{"cover-first/cover.mp4", range(0, 20), ""},
        Film{"cover-first/drone.mp4", range(0, 20), "2 video streams, number 2"},
        Film{"cut-off/faststart.mp4", range(0, 25), "lost"}, Film{"cut-off/fragments.mp4", range(0, 32), "cut off"},
        Film{"cut-off/half.webm", range(0, 37), "cut off"}, Film{"edit-cut/cut.mp4", range(30, 90), ""},
        Film{"edit-delay/late.mkv", range(0, 24), ""}, Film{"edit-delay/late.mp4", range(0, 24), ""},
        Film{"full-709/screen.mp4", range(0, 10), ""}, Film{"hdr10/hdr.mp4", range(0, 10), "10 bit HDR (PQ)"},
        Film{"hdr10/hlg.mov", range(0, 10), "10 bit HDR (HLG)"}, Film{"long-gop/gop400.mp4", range(0, 240), ""},
        Film{"long-gop/opengop-cut.mp4", range(27, 80), ""}, Film{"long-gop/opengop-cut.ts", range(20, 80), ""},
        Film{"long-gop/refresh.mp4", range(0, 80), ""}, Film{"no-video/good.mp4", range(0, 20), ""},
        Film{"one-frame/one.gif", {0}, "transparency"}, Film{"one-frame/one.mkv", {0}, ""},
        Film{"one-frame/one.mp4", {0}, ""}, Film{"one-frame/two.mp4", {0, 1}, ""},
        Film{"same-times/fast.mkv", range(0, 48), "header says 1000 fps"},
        Film{"times-out-of-order/film.mp4", range(0, 20),
             "is decoded in order, since the times of its packets are out"},
        Film{"ts-cut/cut.ts", range(8, 57) + std::vector<int64_t>{59}, "variable rate"},
        Film{"ts-joined/joined.ts", range(0, 20) + range(100, 120), "in order"},
        Film{"two-streams/both.mp4", range(100, 120), "2 video streams, number 2"},
        Film{"vfr-screen/screen.mp4", range(0, 68), "variable rate"}, Film{"webm-live/altref.webm", range(0, 60), ""},
        Film{"webm-live/rec.webm", range(0, 40), ""}),
    [](const auto& info) {
      std::string name = info.param.name;
      for (char& c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
      return name;
    });

TEST(ColoursFromTheField, AreThoseOfTheSourceWhereTheFileStatesItsMatrix) {
  for (const char* name : {"m601.mp4", "m709.mp4", "m240.mp4", "m2020.mp4", "ycgco.mp4", "rgb.mp4"}) {
    SCOPED_TRACE(name);
    expect_corners(VideoReader(the_case("colours") / name).frame(3), kUpright, 6);
    expect_corners(VideoReader(the_case("colours") / name, {.colours = ColourConversion::kSwscale}).frame(3), kUpright,
                   6);
  }
  for (const char* name : {"codecs/mjpeg.avi", "codecs/prores.mov", "alpha/png.mov", "full-709/screen.mp4"}) {
    SCOPED_TRACE(name);
    expect_corners(VideoReader(the_case(name)).frame(3), kUpright, 4);
  }
}

TEST(ColoursFromTheField, OfGreyWithoutAStatedRangeAreFull) {
  const Tensor frame = VideoReader(the_case("colours/gray.mkv")).frame(3);
  expect_corners(frame, {Colour{83, 83, 83}, Colour{126, 126, 126}, Colour{44, 44, 44}, Colour{200, 200, 200}}, 1);
}

TEST(ColoursFromTheField, OfFullRangeAreNotClipped) {
  const Tensor frame = VideoReader(the_case("full-709/screen.mp4")).frame(1);
  EXPECT_NEAR(frame[1][32][6].item<int>(), 16, 3) << "a black bar";
  EXPECT_NEAR(frame[1][32][90].item<int>(), 235, 3) << "a white bar";
}

TEST(ColoursFromTheField, OfHighDynamicRangeGetDarkerOnlyInTheHighlights) {
  for (const char* name : {"hdr10/hdr.mp4", "hdr10/hlg.mov"}) {
    VideoReader reader(the_case(name));
    EXPECT_EQ(reader.info().bit_depth, 10);
    const Tensor frame = reader.frame(1);
    EXPECT_LT(frame[1][32][6].item<int>(), 40) << name;
    EXPECT_GT(frame[1][32][90].item<int>(), 220) << name;
    const Tensor grey = frame.slice(1, 50, 60).slice(2, 40, 56).to(at::kInt);
    EXPECT_LE((grey[0] - grey[2]).abs().max().item<int>(), 3) << "grey stays grey: " << name;
  }
}

TEST(OrientationFromTheField, IsThatOfFfmpeg) {
  const auto upright = [](const char* name, std::array<Colour, 4> corners, int64_t height) {
    SCOPED_TRACE(name);
    const Tensor frame = VideoReader(the_case(name)).frame(3);
    EXPECT_EQ(frame.size(1), height);
    expect_corners(frame, corners, 4);
  };
  upright("mirror-selfie/selfie.mp4", {kGreen, kRed, kYellow, kBlue}, 64);
  upright("rot-phone/IMG_0231.mp4", {kBlue, kRed, kYellow, kGreen}, 96);
  upright("rot-sei/sei.mkv", {kGreen, kYellow, kRed, kBlue}, 96);
  EXPECT_TRUE(VideoReader(the_case("mirror-selfie/selfie.mp4")).info().mirrored);
}

TEST(SizesFromTheField, AreThoseOfTheFile) {
  const std::map<std::string, std::pair<int64_t, int64_t>> sizes{{"1x1.mkv", {1, 1}},
                                                                 {"2x2.mkv", {2, 2}},
                                                                 {"odd420.mp4", {38, 54}},
                                                                 {"odd444.mkv", {37, 53}},
                                                                 {"strip.mp4", {400, 16}}};
  for (const auto& [name, size] : sizes) {
    VideoReader reader(the_case("odd-size") / name);
    EXPECT_EQ(reader.info().frame_count, 8) << name;
    EXPECT_EQ(reader.frame(7).sizes(), at::IntArrayRef({3, size.first, size.second})) << name;
  }
}

TEST(SizesFromTheField, ThatChangeComeInOneSizeAndAreSaid) {
  VideoReader reader(the_case("size-change/zoom.ts"));
  EXPECT_TRUE(says(remarks_of(reader.info()), "its size changes (96 x 64, 128 x 96)"));
  EXPECT_EQ(numbers_shown(reader), range(0, 20) + range(50, 62)) << "none is lost where the size changes";
  EXPECT_EQ(VideoReader(the_case("size-change/zoom.ts"), {.verify = true}).info().lost_frames, 0);
  VideoReader random_access(the_case("size-change/zoom.ts"));
  for (const int64_t i : {31, 19, 0, 20, 18, 25})
    EXPECT_EQ(number_shown(random_access.frame(i)), i < 20 ? i : i + 30) << i;
}

TEST(TimesFromTheField, AreExact) {
  EXPECT_NEAR(VideoReader(the_case("edit-delay/late.mp4")).info().begin_s, 1.0, 0.05);
  EXPECT_NEAR(VideoReader(the_case("edit-delay/late.mkv")).info().begin_s, 1.0, 0.05);
  VideoReader screen(the_case("vfr-screen/screen.mp4"));
  EXPECT_NEAR(screen.start_s(30), 0.5, 1e-3);
  EXPECT_NEAR(screen.start_s(61) - screen.start_s(60), 1.0, 1e-3);
  EXPECT_NEAR(screen.info().lowest_fps, 1.0, 1e-3);
  EXPECT_NEAR(screen.info().highest_fps, 60.0, 0.5);
  EXPECT_NEAR(VideoReader(the_case("webm-live/rec.webm")).info().average_fps, 30, 0.5);
  const VideoInfo joined = VideoReader(the_case("ts-joined/joined.ts")).info();
  EXPECT_NEAR(joined.average_fps, 30, 0.5);
  const VideoInfo fast = VideoReader(the_case("same-times/fast.mkv")).info();
  EXPECT_NEAR(fast.average_fps, 2400, 100);
  EXPECT_GT(VideoReader(the_case("one-frame/one.mp4")).info().duration_s(), 0);
}

TEST(FilmWithWrongTimes, StaysTheSameFilmWhenItIsVerified) {
  VideoReader verified(the_case("times-out-of-order/film.mp4"), {.verify = true});
  EXPECT_EQ(numbers_shown(verified), range(0, 20));
  EXPECT_FALSE(verified.info().seekable);
  EXPECT_EQ(verified.info().lost_frames, 0);
  EXPECT_NEAR(verified.info().average_fps, 30, 3);
}

TEST(DamageFromTheField, IsCountedWhenDecodedAndSparesTheRest) {
  VideoReader reader(the_case("damaged/bad.mp4"), {.verify = true});
  EXPECT_GT(reader.info().lost_frames, 0);
  const std::vector<int64_t> shown = numbers_shown(reader);
  for (const int64_t number : range(0, 15) + range(40, 60)) EXPECT_THAT(shown, testing::Contains(number));
  EXPECT_THAT(shown, testing::WhenSorted(ElementsAreArray(shown))) << "none out of place";
}

TEST(DamageFromTheField, LeavesGapsThatAreNoOtherRate) {
  const VideoReader damaged(the_case("damaged/bad.mp4"), {.verify = true}), resized(the_case("size-change/zoom.ts"));
  ASSERT_GT(damaged.info().lost_frames, 0);
  EXPECT_FALSE(says(remarks_of(damaged.info()), "header says"));
  EXPECT_FALSE(says(remarks_of(resized.info()), "header says"));
}

TEST(RefusalFromTheField, SaysTheReason) {
  const auto refusal = [](const char* name) {
    return refusal_of<DataError>([&] { VideoReader reader(the_case(name)); });
  };
  EXPECT_TRUE(says(refusal("cut-off/index-lost.mp4"), "cut off before its index was written"));
  EXPECT_TRUE(says(refusal("no-video/sound.mp4"), "holds no video stream (only sound or data)"));
  EXPECT_TRUE(says(refusal("no-video/album.mp4"), "holds no video stream (only a cover picture)"));
  EXPECT_TRUE(says(refusal("no-video/notes.mp4"), "cannot be read as a video"));
  EXPECT_TRUE(says(refusal("no-video/picture.mp4"), "cannot be read as a video: its content is no film"));
  EXPECT_TRUE(says(refusal("no-video/empty.mp4"), "is empty (0 bytes)"));
  EXPECT_TRUE(says(refusal("depth16/depth.mkv"), "grey values of 16 bits"));
}

}  // namespace
}  // namespace foresee::data
