// Files of other writers, made with the HDF5 library itself.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <filesystem>
#include <vector>

#include "data/episode/dataset.h"
#include "data/episode/episode_file.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

class ForeignFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::path(::testing::TempDir()) /
            ("foresee_foreign_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) + ".h5");
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    file_ = H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    ASSERT_GE(file_, 0);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  void put(const char* name, hid_t type, std::vector<hsize_t> extent, const void* values, hsize_t chunk_rows = 0) {
    const hid_t space = H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk_rows > 0) {
      extent[0] = chunk_rows;
      H5Pset_chunk(creation, static_cast<int>(extent.size()), extent.data());
    }
    const hid_t dataset = H5Dcreate2(file_, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    ASSERT_GE(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
    H5Dclose(dataset);
    H5Pclose(creation);
    H5Sclose(space);
  }
  /// Twelve rows of pictures (4 x 4) and float64 actions.
  void put_rows() {
    for (size_t i = 0; i < pixels_.size(); ++i) pixels_[i] = static_cast<uint8_t>(i);
    for (size_t i = 0; i < actions_.size(); ++i) actions_[i] = static_cast<double>(i);
    put("pixels", H5T_NATIVE_UINT8, {12, 4, 4, 3}, pixels_.data(), /*chunk_rows=*/1);
    put("action", H5T_NATIVE_DOUBLE, {12, 2}, actions_.data());
  }
  void put_lengths(std::vector<int32_t> lengths, std::vector<int64_t> offsets) {
    put("ep_len", H5T_NATIVE_INT32, {lengths.size()}, lengths.data());
    put("ep_offset", H5T_NATIVE_INT64, {offsets.size()}, offsets.data());
  }
  std::filesystem::path close() {
    H5Fclose(file_);
    return path_;
  }

  std::filesystem::path path_;
  hid_t file_ = -1;
  std::vector<uint8_t> pixels_ = std::vector<uint8_t>(12 * 4 * 4 * 3);
  std::vector<double> actions_ = std::vector<double>(12 * 2);
};

TEST_F(ForeignFiles, LengthsAndOffsetsAloneAreEnough) {
  put_rows();
  put_lengths({5, 7}, {0, 5});
  const EpisodeFile file(close());
  ASSERT_EQ(file.episodes(), 2);
  EXPECT_EQ(file.id(1), 1u);
  EXPECT_EQ(file.episode(1).frames.data_ptr<uint8_t>()[0], pixels_[5 * 48]);
}

TEST_F(ForeignFiles, ConvertedFilesCallTheIndexEpisodeIdx) {
  put_rows();
  const std::vector<int64_t> index{3, 3, 3, 3, 8, 8, 8, 8, 8, 8, 2, 2};
  put("episode_idx", H5T_NATIVE_INT64, {12}, index.data());
  const EpisodeFile file(close());
  ASSERT_EQ(file.episodes(), 3);
  EXPECT_EQ(file.id(1), 8u);
  EXPECT_EQ(file.length(1), 6);
  EXPECT_EQ(file.offset(2), 10);
}

TEST_F(ForeignFiles, TruthValuesAreReadAndTextIsLeftOut) {
  put_rows();
  put_lengths({12}, {0});
  const hid_t truth = H5Tenum_create(H5T_NATIVE_INT8);
  const int8_t no = 0, yes = 1;
  H5Tenum_insert(truth, "FALSE", &no);
  H5Tenum_insert(truth, "TRUE", &yes);
  std::vector<int8_t> terminated(12, 0);
  terminated[11] = 1;
  put("terminated", truth, {12}, terminated.data());
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, 4);
  const std::vector<char> tasks(48, 'a');
  put("task", text, {12}, tasks.data());
  H5Tclose(truth);
  H5Tclose(text);
  const EpisodeFile file(close());
  EXPECT_EQ(file.read("terminated", 0, 12).sum().item<int64_t>(), 1);
  EXPECT_FALSE(file.has("task"));
}

TEST_F(ForeignFiles, DoubleActionsBecomeFloatClips) {
  put_rows();
  put_lengths({12}, {0});
  const EpisodeDataset dataset(std::vector<std::filesystem::path>{close()});
  const ClipShape shape{.frames = 2, .frameskip = 3, .columns = {}};
  const auto clips = dataset.clips(shape, Split::kAll);
  ASSERT_EQ(clips.size(), 7u);
  EXPECT_EQ(dataset.read(shape, clips).actions[2][1][0][0].item<float>(), 10);
}

TEST_F(ForeignFiles, LyingLengthsAreRefused) {
  put_rows();
  put_lengths({5, 8}, {0, 5});
  EXPECT_THROW(EpisodeFile{close()}, DataError);
}

TEST_F(ForeignFiles, NegativeOffsetsAreRefused) {
  put_rows();
  put_lengths({5}, {-1});
  EXPECT_THROW(EpisodeFile{close()}, DataError);
}

TEST_F(ForeignFiles, ColumnsOfDifferentLengthAreRefused) {
  put("pixels", H5T_NATIVE_UINT8, {12, 4, 4, 3}, pixels_.data());
  put("action", H5T_NATIVE_DOUBLE, {11, 2}, actions_.data());
  put_lengths({12}, {0});
  EXPECT_THROW(EpisodeFile{close()}, DataError);
}

TEST_F(ForeignFiles, PicturesOfOtherShapeAreRefused) {
  put("pixels", H5T_NATIVE_UINT8, {12, 4, 12}, pixels_.data());
  put("action", H5T_NATIVE_DOUBLE, {12, 2}, actions_.data());
  put_lengths({12}, {0});
  EXPECT_THROW(EpisodeDataset(std::vector<std::filesystem::path>{close()}), DataError);
}

TEST_F(ForeignFiles, NoEpisodesAtAllAreRefused) {
  put_rows();
  EXPECT_THROW(EpisodeFile{close()}, DataError);
}

}  // namespace
}  // namespace foresee::data
