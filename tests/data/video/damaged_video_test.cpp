// Claims: a file that is no video, or only part of one, gives one clear line; what is left of a damaged one is usable
// and its loss is counted.
#include <gtest/gtest.h>

#include <fstream>

#include "data/video/reader.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/data/video/numbered_video.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

// Four closed groups of 15; the index at the front, so that a cut file can still be opened.
NumberedVideo four_groups(const std::string& name = "v.mp4") {
  return {.name = name,
          .options = {.gop = 15,
                      .b_frames = 2,
                      .codec_options = {{"preset", "veryfast"}, {"x264-params", "scenecut=0:b-adapt=0"}},
                      .format_options = {{"movflags", "faststart"}}},
          .frames = 60};
}

std::string refusal(const fs::path& path) {
  const std::string message = refusal_of<DataError>([&] { VideoReader reader(path); });
  EXPECT_TRUE(says(message, path.string() + ": "));
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  return message;
}

TEST(BrokenVideo, IsRefusedInOneLineThatSaysWhy) {
  const TemporaryFolder folder;
  write_file(folder / "empty.mp4", "");
  write_file(folder / "text.mp4", "This is a shopping list, not a film.\n");
  write_file(folder / "random.mkv", std::string(5000, '\x93'));
  EXPECT_TRUE(says(refusal(folder / "none.mp4"), "no such file"));
  EXPECT_TRUE(says(refusal(folder.path()), "is a folder, expected a video file"));
  EXPECT_TRUE(says(refusal(folder / "empty.mp4"), "is empty (0 bytes)"));
  EXPECT_TRUE(says(refusal(folder / "text.mp4"), "cannot be read as a video"));
  EXPECT_TRUE(says(refusal(folder / "random.mkv"), "cannot be read as a video"));
}

TEST(BrokenVideo, NeverOpensWhatATextFileNames) {
  // FFmpeg itself would play both lists.
  const TemporaryFolder folder;
  const fs::path video = write_numbered(folder.path(), four_groups());
  write_file(folder / "list.mp4", "ffconcat version 1.0\nfile 'v.mp4'\n");
  write_file(folder / "stream.mp4", "#EXTM3U\n#EXTINF:1,\nv.mp4\n#EXT-X-ENDLIST\n");
  refusal(folder / "list.mp4");
  refusal(folder / "stream.mp4");
}

TEST(BrokenVideo, WithoutPicturesIsRefused) {
  // 0.1 s of silence as a RIFF WAVE inside Matroska would need an encoder; an mp4 header without tracks is enough.
  const TemporaryFolder folder;
  const std::string ftyp(
      "\0\0\0\x10"
      "ftypisom\0\0\0\0",
      16);
  const std::string mvhd = std::string(
                               "\0\0\0\x6c"
                               "mvhd",
                               8) +
                           std::string(12, '\0') + std::string("\0\0\x03\xe8", 4) + std::string(84, '\0');
  const std::string moov = std::string(
                               "\0\0\0\x74"
                               "moov",
                               8) +
                           mvhd;
  write_file(folder / "silent.mp4", ftyp + moov);
  EXPECT_TRUE(says(refusal(folder / "silent.mp4"), "holds no video stream"));
}

TEST(TruncatedVideo, WithItsIndexAtTheEndIsRefusedAtEveryLength) {
  const TemporaryFolder folder;
  NumberedVideo video = four_groups();
  video.options.format_options.clear();
  const std::string bytes = read_file(write_numbered(folder.path(), video));
  const size_t index = bytes.find("moov");
  for (const size_t length : {size_t{1}, size_t{7}, size_t{40}, index / 4, index / 2, index, index + 400}) {
    write_file(folder / "cut.mp4", bytes.substr(0, length));
    refusal(folder / "cut.mp4");
  }
}

TEST(TruncatedVideo, WithItsIndexAtTheFrontKeepsTheFramesThatAreThere) {
  const TemporaryFolder folder;
  const fs::path whole_path = write_numbered(folder.path(), four_groups());
  const Tensor whole = VideoReader(whole_path).frames(first_numbers(60));
  const std::string bytes = read_file(whole_path);
  const size_t data = bytes.find("mdat") + 4;
  int64_t last_count = 0;
  for (const double share : {0.35, 0.6, 0.85, 0.99}) {
    const auto length = data + static_cast<size_t>(share * static_cast<double>(bytes.size() - data));
    write_file(folder / "cut.mp4", bytes.substr(0, length));
    VideoReader cut(folder / "cut.mp4");
    const int64_t count = cut.info().frame_count;
    EXPECT_GT(count, last_count) << share;
    EXPECT_LT(count, 60);
    EXPECT_EQ(cut.info().lost_frames, 60 - count);
    for (int64_t i = 0; i < count; ++i) {
      const Tensor frame = cut.frame(i);
      // Within the group that is cut, pictures that were stored behind the cut are missing.
      ASSERT_TRUE(frame.equal(whole[number_of(frame)])) << share << " " << i;
      if (i < count / 15 * 15 - 15) {
        ASSERT_EQ(number_of(frame), i);
      }
    }
    last_count = count;
  }
}

TEST(TruncatedVideo, CutInsideTheHeaderIsRefusedOrEmpty) {
  const TemporaryFolder folder;
  const std::string bytes = read_file(write_numbered(folder.path(), four_groups()));
  const size_t data = bytes.find("mdat") + 4;
  for (const size_t length : {data / 3, data / 2, data - 8, data, data + 5}) {
    write_file(folder / "cut.mp4", bytes.substr(0, length));
    refusal(folder / "cut.mp4");
  }
}

TEST(TruncatedVideo, OfMatroskaKeepsTheFramesThatAreThere) {
  const TemporaryFolder folder;
  NumberedVideo video = four_groups("v.mkv");
  video.options.format_options.clear();
  const std::string bytes = read_file(write_numbered(folder.path(), video));
  write_file(folder / "cut.mkv", bytes.substr(0, bytes.size() / 2));
  VideoReader cut(folder / "cut.mkv");
  EXPECT_GT(cut.info().frame_count, 10);
  EXPECT_LT(cut.info().frame_count, 50);
  for (int64_t i = 0; i + 15 < cut.info().frame_count; ++i) ASSERT_EQ(number_of(cut.frame(i)), i);
}

// Where the coded pictures begin in a file of four_groups(): each is a 4-byte length and that many bytes. (Damage
// inside one can decode to something without an error; no decoder can tell.)
std::vector<size_t> coded_pictures(const std::string& bytes) {
  std::vector<size_t> begins;
  for (size_t at = bytes.find("mdat") + 4; at + 4 < bytes.size();) {
    uint32_t length = 0;
    for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
    begins.push_back(at);
    at += 4 + length;
  }
  return begins;
}

// Overwrites the last third of the coded pictures.
fs::path with_spoiled_tail(const TemporaryFolder& folder) {
  const fs::path path = write_numbered(folder.path(), four_groups());
  std::string bytes = read_file(path);
  const auto pictures = coded_pictures(bytes);
  for (size_t i = pictures[pictures.size() * 2 / 3]; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  write_file(folder / "spoiled.mp4", bytes);
  return folder / "spoiled.mp4";
}

TEST(SpoiledVideo, GivesUndamagedFramesAndRefusesTheOthers) {
  const TemporaryFolder folder;
  const fs::path path = with_spoiled_tail(folder);
  const Tensor whole = VideoReader(folder / "v.mp4").frames(first_numbers(60));
  VideoReader reader(path);
  EXPECT_EQ(reader.info().frame_count, 60) << "the container does not know of the damage";
  int64_t usable = 0;
  std::string message;
  for (int64_t i = 0; i < 60; ++i) {
    const std::string refused = refusal_of<DataError>([&] {
      ASSERT_TRUE(reader.frame(i).equal(whole[i])) << i;
      ++usable;
    });
    if (!refused.empty()) message = refused;
  }
  EXPECT_GE(usable, 30);
  EXPECT_LT(usable, 60);
  EXPECT_TRUE(says(message, path.string() + ": frame 59 of 60 does not decode"));
  // Whatever failed before, what is whole still comes.
  EXPECT_TRUE(reader.frame(3).equal(whole[3]));
}

TEST(SpoiledVideo, CountsWhatIsLostWhenVerified) {
  const TemporaryFolder folder;
  const fs::path path = with_spoiled_tail(folder);
  VideoReader plain(path), verified(path, {.verify = true});
  int64_t usable = 0;
  for (int64_t i = 0; i < 60; ++i) usable += refusal_of<DataError>([&] { plain.frame(i); }).empty();
  EXPECT_EQ(verified.info().frame_count, usable);
  EXPECT_EQ(verified.info().lost_frames, 60 - usable);
  for (int64_t i = 0; i < usable; ++i) ASSERT_NO_THROW(verified.frame(i)) << i;
}

TEST(SpoiledVideo, BeginsBehindAFirstGroupThatIsHit) {
  const TemporaryFolder folder;
  const fs::path path = write_numbered(folder.path(), four_groups());
  std::string bytes = read_file(path);
  const size_t hit = coded_pictures(bytes).front();
  for (size_t i = hit; i < hit + 8; ++i) bytes[i] = static_cast<char>(0xA5 ^ i);
  write_file(folder / "hit.mp4", bytes);
  VideoReader reader(folder / "hit.mp4");
  EXPECT_GE(reader.info().lost_frames, 1);
  for (int64_t i = 0; i < reader.info().frame_count; ++i) ASSERT_NO_THROW(reader.frame(i)) << i;
}

TEST(SpoiledVideo, LosesOnlyTheGroupThatIsHit) {
  const TemporaryFolder folder;
  const fs::path path = write_numbered(folder.path(), four_groups());
  const Tensor whole = VideoReader(path).frames(first_numbers(60));
  std::string bytes = read_file(path);
  const auto pictures = coded_pictures(bytes);
  const size_t hit = pictures[pictures.size() / 3];  // in the second group
  for (size_t i = hit; i < hit + 8; ++i) bytes[i] = static_cast<char>(0xA5 ^ i);
  write_file(folder / "hit.mp4", bytes);
  VideoReader reader(folder / "hit.mp4", {.verify = true});
  const int64_t lost = reader.info().lost_frames;
  EXPECT_GE(lost, 1);
  EXPECT_LE(lost, 15);
  for (int64_t i = 0; i < reader.info().frame_count; ++i) {
    const Tensor frame = reader.frame(i);
    ASSERT_TRUE(frame.equal(whole[number_of(frame)])) << i;
  }
}

// Where the packets of the film's pictures lie in a transport stream (188 bytes each).
std::vector<size_t> film_packets(const std::string& bytes) {
  std::vector<size_t> places;
  for (size_t at = 0; at + 188 <= bytes.size(); at += 188)
    if ((bytes[at + 1] & 0x1f) == 1 && bytes[at + 2] == 0) places.push_back(at);  // stream 256
  return places;
}

NumberedVideo transport_stream(const std::string& name, int64_t frames, int64_t b_frames, const std::string& x264) {
  return {.name = name,
          .options = {.gop = 15,
                      .b_frames = b_frames,
                      .codec_options = {{"preset", "veryfast"}, {"x264-params", "scenecut=0:" + x264}}},
          .frames = frames};
}

// FFmpeg forgets the marks of the first packets, which it reads ahead: parts that are lost behind them.
TEST(TransportStream, WithALostPacketShowsNoPictureThatIsNotWhole) {
  const TemporaryFolder folder;
  for (const auto& [b_frames, x264] :
       std::vector<std::pair<int64_t, std::string>>{{0, "no-cabac=1"}, {2, "slices=3"}}) {
    SCOPED_TRACE(x264);
    const fs::path path = write_numbered(folder.path(), transport_stream("v.ts", 45, b_frames, x264));
    const Tensor whole = VideoReader(path).frames(first_numbers(45));
    const std::string bytes = read_file(path);
    const std::vector<size_t> packets = film_packets(bytes);
    int64_t shown = 0, opened = 0;
    for (size_t i = packets.size() / 3; i < packets.size(); i += packets.size() / 20) {
      std::string less = bytes;
      less.erase(packets[i], 188);
      write_file(folder / "less.ts", less);
      VideoReader reader(folder / "less.ts");
      ++opened;
      for (int64_t f = 0; f < reader.info().frame_count; ++f) {
        const Tensor frame = reader.frame(f);
        EXPECT_TRUE(frame.equal(whole[number_of(frame)])) << "packet " << i << ", frame " << f;
        ++shown;
      }
    }
    EXPECT_GT(shown, opened * 20);
    EXPECT_LT(shown, opened * 45) << "something was lost";
  }
}

TEST(TransportStream, ThatWasJoinedKeepsTheFramesBeforeTheJoin) {
  const TemporaryFolder folder;
  NumberedVideo part = transport_stream("a.ts", 20, 2, "b-adapt=0");
  std::string bytes = read_file(write_numbered(folder.path(), part));
  part.name = "b.ts";
  part.tick = [](int64_t i) { return i + 60; };
  bytes += read_file(write_numbered(folder.path(), part));
  write_file(folder / "joined.ts", bytes);
  VideoReader reader(folder / "joined.ts");
  EXPECT_EQ(reader.info().lost_frames, 0);
  ASSERT_EQ(reader.info().frame_count, 40);
  for (const int64_t i : {39, 19, 20, 3, 18, 0}) EXPECT_EQ(number_of(reader.frame(i)), i % 20) << i;
}

TEST(VideoWriter, LeavesNothingBehindWhenItDoesNotFinish) {
  const TemporaryFolder folder;
  {
    VideoWriter writer(folder / "v.mp4", 16, 16);
    writer.write(at::zeros({3, 16, 16}, at::kByte));
  }
  EXPECT_EQ(count_entries(folder.path()), 0);
  EXPECT_TRUE(says(refusal_of<Error>([&] { VideoWriter(folder / "v.mp4", 15, 15); }), "cannot encode 15 x 15"));
  EXPECT_TRUE(says(refusal_of<Error>([&] { VideoWriter(folder / "v.xyz", 16, 16); }), "no container"));
  EXPECT_TRUE(says(refusal_of<Error>([&] { VideoWriter(folder / "no/v.mp4", 16, 16); }), "cannot create"));
  EXPECT_TRUE(says(refusal_of<Error>([&] {
                     VideoWriter(folder / "v.mp4", 16, 16, {.codec_options = {{"nonsense", "1"}}});
                   }),
                   "has no option 'nonsense'"));
  EXPECT_EQ(count_entries(folder.path()), 0);
}

}  // namespace
}  // namespace foresee::data
