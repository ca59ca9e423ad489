// Claims: pictures come back as they were written, red first; what is no picture is refused in one line.
#include "data/picture/image.h"

#include <gtest/gtest.h>

#include "data/picture/encoded/picture_size.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/random.h"
#include "tests/support/full_disk.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

Tensor noise(int64_t height, int64_t width) {
  return Random(1, Stream::kTest).uniform_tensor({3, height, width}).mul(256).to(at::kByte);
}

TEST(Image, ComesBackFromPngBitForBit) {
  const TemporaryFolder folder;
  const Tensor image = noise(13, 7);
  write_image(folder / "a.png", image);
  EXPECT_TRUE(read_image(folder / "a.png").equal(image));
  const Tensor view = noise(20, 20).transpose(1, 2).slice(1, 3, 17);  // not contiguous
  write_image(folder / "b.png", view);
  EXPECT_TRUE(read_image(folder / "b.png").equal(view));
}

TEST(Image, HasRedFirst) {
  // 2 x 1 pixels, one red and one blue, as an uncompressed TGA-like BMP that no library of ours wrote.
  const TemporaryFolder folder;
  const unsigned char bmp[] = {'B', 'M', 62, 0, 0, 0, 0, 0,  0, 0, 54, 0, 0, 0, 40,  0,   0, 0, 2, 0, 0,
                               0,   1,   0,  0, 0, 1, 0, 24, 0, 0, 0,  0, 0, 8, 0,   0,   0, 0, 0, 0, 0,
                               0,   0,   0,  0, 0, 0, 0, 0,  0, 0, 0,  0, 0, 0, 255, 255, 0, 0, 0, 0};
  write_file(folder / "a.bmp", {reinterpret_cast<const char*>(bmp), sizeof bmp});
  const Tensor image = read_image(folder / "a.bmp");
  ASSERT_EQ(image.sizes(), at::IntArrayRef({3, 1, 2}));
  EXPECT_EQ(image[0][0][0].item<int>(), 255);
  EXPECT_EQ(image[2][0][0].item<int>(), 0);
  EXPECT_EQ(image[2][0][1].item<int>(), 255);
}

TEST(Image, EncodesTheBytesOfAPngFile) {
  const TemporaryFolder folder;
  const Tensor image = noise(5, 9);
  const auto bytes = encode_png(image);
  write_file(folder / "a.png", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  EXPECT_TRUE(read_image(folder / "a.png").equal(image));
}

TEST(Image, IsCloseThroughJpeg) {
  const TemporaryFolder folder;
  const Tensor image = at::full({3, 16, 16}, 200, at::kByte);
  write_image(folder / "a.jpg", image);
  EXPECT_LE((read_image(folder / "a.jpg").to(at::kInt) - 200).abs().max().item<int>(), 3);
}

TEST(Image, IsRefusedInOneLineWhenItIsNone) {
  const TemporaryFolder folder;
  write_image(folder / "a.png", noise(64, 64));
  const std::string png = read_file(folder / "a.png");
  write_file(folder / "text.png", "a poem");
  write_file(folder / "empty.png", "");
  write_file(folder / "cut.png", png.substr(0, 20));
  const auto refusal = [](const std::filesystem::path& path) {
    const std::string message = refusal_of<DataError>([&] { read_image(path); });
    EXPECT_TRUE(says(message, path.string()));
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
  };
  EXPECT_TRUE(says(refusal(folder / "text.png"), "is not a picture"));
  EXPECT_TRUE(says(refusal(folder / "empty.png"), "is empty"));
  refusal(folder / "cut.png");
  refusal(folder / "none.png");
  refusal(folder.path());
}

TEST(Image, IsNotWrittenFromAnythingElse) {
  const TemporaryFolder folder;
  EXPECT_TRUE(says(refusal_of<Error>([&] {
                     write_image(folder / "a.png", at::zeros({3, 4, 4}));
                   }),
                   "got [3, 4, 4] float32"));
  EXPECT_TRUE(says(refusal_of<Error>([&] {
                     write_image(folder / "a.png", at::zeros({1, 4, 4}, at::kByte));
                   }),
                   "uint8"));
  EXPECT_TRUE(says(refusal_of<Error>([&] { write_image(folder / "a.xyz", noise(4, 4)); }), "no picture format"));
  EXPECT_TRUE(says(refusal_of<Error>([&] { write_image(folder / "no/a.png", noise(4, 4)); }), "no/a.png"));
  EXPECT_EQ(count_entries(folder.path()), 0);
}

TEST(Image, LeavesNothingHalfWrittenOnAFullDisk) {
  const TemporaryFolder folder;
  const FullDisk full(1000);
  EXPECT_FALSE(refusal_of<Error>([&] { write_image(folder / "a.png", noise(64, 64)); }).empty());
  EXPECT_EQ(count_entries(folder.path()), 0);
}

TEST(PictureSize, IsThatOfTheDecodedPicture) {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "a.jpg", "a.bmp", "a.webp", "a.tiff", "a.ppm"}) {
    const auto path = folder / name;
    write_image(path, at::full({3, 37, 53}, 200, at::kByte));
    const auto size = encoded_picture_size(read_file(path));
    ASSERT_TRUE(size.has_value()) << name;
    EXPECT_EQ(size->width, 53u) << name;
    EXPECT_EQ(size->height, 37u) << name;
    const std::string bytes = read_file(path);
    for (size_t n = 0; n < std::min<size_t>(bytes.size(), 300); ++n) encoded_picture_size(bytes.substr(0, n));
  }
}

TEST(Image, IsRefusedBeforeItIsDecodedWhereItWouldTakeTooMuchMemory) {
  const TemporaryFolder folder;
  write_image(folder / "a.png", at::zeros({3, 8, 8}, at::kByte));
  std::string bytes = read_file(folder / "a.png");
  bytes.replace(16, 8, std::string("\0\0\x9c\x40\0\0\x9c\x40", 8));  // 40,000 x 40,000
  EXPECT_TRUE(says(refusal_of<DataError>([&] { decode_image(bytes, "a.png"); }), "a picture of 40000 x 40000 pixels"));
  bytes.replace(16, 8, std::string("\0\0\x27\x10\0\0\x27\x10", 8));  // 10,000 x 10,000 of 75 bytes
  EXPECT_TRUE(says(refusal_of<DataError>([&] { decode_image(bytes, "a.png"); }), "would take 600.0 MB of memory"));
}

}  // namespace
}  // namespace foresee::data
