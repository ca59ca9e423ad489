// Claims: one scene in many files gives one picture; what is cut off or no picture is refused with its name. The files
// are copies of a case made after public reports.
#include <gtest/gtest.h>

#include "data/picture/image.h"
#include "data/picture/picture_end.h"
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

TEST(ImageCases, OfEveryFormGiveTheSamePicture) {
  const Tensor scene = read_image(kScene / "rgb.png");
  ASSERT_EQ(scene.sizes(), at::IntArrayRef({3, 64, 96}));
  for (const char* name : {"rgb.bmp", "rgb.ppm", "rgb.tiff", "rgb16.png", "rgba_opaque.png", "rgb.webp"})
    EXPECT_LE(furthest(read_image(kScene / name), scene), std::string(name) == "rgb.webp" ? 40 : 0) << name;
  EXPECT_EQ(furthest(read_image(kScene / "grey16.png"), read_image(kScene / "grey.png")), 0);
  EXPECT_LE(furthest(read_image(kScene / "cmyk.jpg"), scene), 40);
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
