// Claims: one scene in many files gives one picture; what is cut off or no picture is refused with its name. The files
// are copies of a case made after public reports.
#include <gtest/gtest.h>

#include "data/picture/encoded/cmyk_jpeg.h"
#include "data/picture/encoded/picture_end.h"
#include "data/picture/image.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

const std::filesystem::path kScene = "tests/fixtures/cases/model/40_pictures";

int64_t furthest(const Tensor& a, const Tensor& b) {
  return (a.to(at::kInt) - b.to(at::kInt)).abs().max().item<int64_t>();
}

std::string little(uint64_t value, size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i & 0xFF);
  return text;
}

TEST(ImageCases, OfEveryFormGiveTheSamePicture) {
  const Tensor scene = read_image(kScene / "rgb.png");
  ASSERT_EQ(scene.sizes(), at::IntArrayRef({3, 64, 96}));
  for (const char* name : {"rgb.bmp", "rgb.ppm", "rgb.tiff", "rgb16.png", "rgba_opaque.png", "rgb.webp"})
    EXPECT_LE(furthest(read_image(kScene / name), scene), std::string(name) == "rgb.webp" ? 40 : 0) << name;
  EXPECT_EQ(furthest(read_image(kScene / "grey16.png"), read_image(kScene / "grey.png")), 0);
  EXPECT_LE(furthest(read_image(kScene / "cmyk.jpg"), scene), 40);  // also without libjpeg
  EXPECT_EQ(read_image(kScene / "exif6.jpg").sizes(), at::IntArrayRef({3, 96, 64}));
}

TEST(ImageCases, OfSixteenBitsAreScaledAndNeverCut) {
  const TemporaryFolder folder;
  // 2 x 1 pixels, 0x00FF and 0xFE80: 0.99 and 253.5 of 255; the high bytes are 0 and 254.
  write_file(folder / "a.pgm", std::string("P5 2 1 65535\n\x00\xFF\xFE\x80", 17));
  const Tensor grey = read_image(folder / "a.pgm");
  EXPECT_EQ(grey[0][0][0].item<int>(), 1);
  EXPECT_EQ(grey[0][0][1].item<int>(), 254);
  EXPECT_LE(read_image(kScene / "depth_mm_16.png").max().item<int>(), 255);
}

TEST(ImageCases, OfCmykAreThoseOfPillow) {
  const std::string bytes = read_file(kScene / "cmyk.jpg");
  if (!decode_cmyk_jpeg(bytes)) GTEST_SKIP() << "this program was built without libjpeg";
  const Tensor picture = read_image(kScene / "cmyk.jpg");
  EXPECT_TRUE(at::equal(picture, read_image(kScene.parent_path() / "40_pictures_expected/cmyk.png")));
  EXPECT_FALSE(decode_cmyk_jpeg(read_file(kScene / "q95.jpg")).has_value()) << "three colours are OpenCV's";

  const std::string exif = "Exif" + std::string(2, '\0') + "II*" + std::string(1, '\0') + little(8, 4) + little(1, 2) +
                           little(0x112, 2) + little(3, 2) + little(1, 4) + little(6, 4) + little(0, 4);
  const std::string segment = "\xFF\xE1" + std::string({'\0', static_cast<char>(exif.size() + 2)}) + exif;
  const Tensor turned = decode_image(bytes.substr(0, 2) + segment + bytes.substr(2), "a.jpg");
  EXPECT_TRUE(at::equal(turned, picture.rot90(-1, {1, 2}))) << "upright, as EXIF says";
}

/// A TIFF of 2 x 1 pixels, R G B and alpha, with its directory in front.
std::string tiff_with_alpha() {
  const std::string pixels("\x0A\x14\x1E\x80\xC8\xD2\xDC\x00", 8);
  constexpr uint64_t kEntries = 10, kBits = 8 + 2 + 12 * kEntries + 4, kPixels = kBits + 8;
  const std::pair<uint64_t, uint64_t> entries[kEntries] = {{256, 2},       {257, 1}, {258, kBits}, {259, 1}, {262, 2},
                                                           {273, kPixels}, {277, 4}, {278, 1},     {279, 8}, {338, 2}};
  std::string file = "II*" + std::string(1, '\0') + little(8, 4) + little(kEntries, 2);
  for (const auto& [tag, value] : entries)
    file += little(tag, 2) + little(tag == 273 ? 4 : 3, 2) + little(tag == 258 ? 4 : 1, 4) + little(value, 4);
  file += little(0, 4);
  for (int i = 0; i < 4; ++i) file += little(8, 2);
  return file + pixels;
}

TEST(ImageCases, OfTiffLoseTheirAlphaAndKeepTheirColours) {
  const std::string file = tiff_with_alpha();
  const Tensor picture = decode_image(file, "a.tiff");
  EXPECT_TRUE(at::equal(picture, torch::tensor({{{10, 200}}, {{20, 210}}, {{30, 220}}}, at::kByte)));
  EXPECT_EQ(why_not_whole(file.substr(0, file.size() - 1)), "is cut off: its end is missing");
}

/// libtiff rounds other than Pillow: file-formats.md says so.
TEST(ImageCases, OfTiffInCmykLieOneStepFromPillowsAtMost) {
  constexpr size_t kColours = 8 + 2 + 12 * 4 + 8, kExtra = 8 + 2 + 12 * 9;  // in tiff_with_alpha
  std::string file = tiff_with_alpha();
  file.replace(kColours, 1, "\x05");
  file.replace(kExtra, 2, little(40000, 2));  // inks alone: no alpha, but a tag that nobody knows
  const Tensor picture = decode_image(file, "a.tiff").to(at::kLong);
  const int64_t inks[2][4] = {{0x0A, 0x14, 0x1E, 0x80}, {0xC8, 0xD2, 0xDC, 0x00}};
  for (int64_t x = 0; x < 2; ++x)
    for (int64_t c = 0; c < 3; ++c) {
      const int64_t light = 255 - inks[x][3], product = inks[x][c] * light + 128;
      const int64_t pillows = light - (((product >> 8) + product) >> 8);
      EXPECT_NEAR(static_cast<double>(picture[c][0][x].item<int64_t>()), static_cast<double>(pillows), 1) << x << c;
    }
}

TEST(ImageCases, OfTiffWhoseNumbersAreNotReadSayWhatTheyAre) {
  constexpr size_t kColours = 8 + 2 + 12 * 4 + 8, kBits = 8 + 2 + 12 * 10 + 4;  // in tiff_with_alpha
  const auto refused = [](const std::string& file) {
    return refusal_of<DataError>([&] { decode_image(file, "a.tiff"); });
  };
  std::string file = tiff_with_alpha();
  file.replace(kColours, 1, "\x08");
  EXPECT_TRUE(says(refused(file), "CIE L*a*b*"));
  file = tiff_with_alpha();
  for (size_t i = 0; i < 4; ++i) file.replace(kBits + 2 * i, 1, "\x20");
  EXPECT_TRUE(says(refused(file), "numbers of 32 bits"));
  EXPECT_TRUE(says(refused("II+" + std::string(13, '\0')), "is a BigTIFF"));
}

TEST(ImageCases, OfWebpAreUprightAsThoseOfJpeg) {
  const TemporaryFolder folder;
  const Tensor scene = read_image(kScene / "rgb.png");  // [3, 64, 96]
  write_image(folder / "a.webp", scene);
  const std::string plain = read_file(folder / "a.webp");  // "RIFF", size, "WEBP", one chunk
  const Tensor stored = decode_image(plain, "a.webp");
  const auto turned = [&](uint64_t orientation) {
    const std::string canvas = little(8, 4) + little(95, 3) + little(63, 3);  // with EXIF; sides less one
    const std::string exif = "II*" + std::string(1, '\0') + little(8, 4) + little(1, 2) + little(0x112, 2) +
                             little(3, 2) + little(1, 4) + little(orientation, 4) + little(0, 4);
    const std::string body =
        "WEBPVP8X" + little(10, 4) + canvas + plain.substr(12) + "EXIF" + little(exif.size(), 4) + exif;
    return decode_image("RIFF" + little(body.size(), 4) + body, "a.webp");
  };
  EXPECT_TRUE(at::equal(turned(1), stored));
  EXPECT_TRUE(at::equal(turned(2), stored.flip({2})));
  EXPECT_TRUE(at::equal(turned(3), stored.flip({1, 2})));
  EXPECT_TRUE(at::equal(turned(4), stored.flip({1})));
  EXPECT_TRUE(at::equal(turned(5), stored.transpose(1, 2)));
  EXPECT_TRUE(at::equal(turned(6), stored.rot90(-1, {1, 2})));
  EXPECT_TRUE(at::equal(turned(7), stored.transpose(1, 2).flip({1, 2})));
  EXPECT_TRUE(at::equal(turned(8), stored.rot90(1, {1, 2})));
  EXPECT_TRUE(at::equal(turned(99), stored)) << "no orientation";
}

TEST(ImageCases, ThatAreCutOffAreRefused) {
  const TemporaryFolder folder;
  for (const char* name : {"truncated.jpg", "truncated.png"})
    EXPECT_TRUE(says(refusal_of<DataError>([&] { read_image(kScene / name); }), "is cut off")) << name;
  for (const char* name : {"rgb.png", "q95.jpg", "rgb.bmp", "rgb.ppm", "rgb.webp", "rgb.tiff", "exif3.jpg"}) {
    const std::string bytes = read_file(kScene / name);
    EXPECT_FALSE(why_not_whole(bytes).has_value()) << name;
    for (const double share : {0.3, 0.6, 0.9})
      EXPECT_THROW(decode_image(bytes.substr(0, static_cast<size_t>(share * static_cast<double>(bytes.size()))), name),
                   DataError)
          << name << " " << share;
    for (size_t n = 0; n < std::min<size_t>(bytes.size(), 700); ++n) why_not_whole(bytes.substr(0, n));
  }
  for (const char* name : {"empty.png", "text.png"}) {
    EXPECT_TRUE(says(refusal_of<DataError>([&] { read_image(kScene / name); }), name));
    EXPECT_TRUE(says(refusal_of<DataError>([&] { check_image(kScene / name); }), name));
  }
  EXPECT_TRUE(says(refusal_of<DataError>([&] { decode_image("P5 1 1 1023\n\x01\x01", "a.pgm"); }), "up to 1023"));
}

}  // namespace
}  // namespace foresee::data
