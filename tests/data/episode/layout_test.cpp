// Files of other writers, made with the HDF5 library itself.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <limits>
#include <vector>

#include "data/episode/dataset.h"
#include "data/episode/hdf5/episode_file.h"
#include "data/episode/source.h"
#include "data/video/encode.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class ForeignFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::replace(name.begin(), name.end(), '/', '_');
    path_ = std::filesystem::path(::testing::TempDir()) / ("foresee_foreign_" + name + ".h5");
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
  void put_group(const std::string& name, const std::vector<std::string>& inner) {
    H5Gclose(H5Gcreate2(file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    for (const auto& below : inner)
      H5Gclose(H5Gcreate2(file_, (name + "/" + below).c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
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

/// How a column of pictures may be stored.
enum class Layout { kContiguous, kChunks, kOldChunks, kDeflate, kBlosc, kBloscNoise };

class PictureLayouts : public ForeignFiles, public ::testing::WithParamInterface<Layout> {
 protected:
  static constexpr hsize_t kRows = 230, kSide = 20;

  void put_pictures(Layout layout) {
    // Noise gets no smaller: Blosc then stores the chunk as it is.
    pictures_ = at::randint(layout == Layout::kBloscNoise ? 256 : 3, {kRows, kSide, kSide, 3}).to(at::kByte);
    const std::vector<hsize_t> extent{kRows, kSide, kSide, 3};
    std::vector<hsize_t> chunk = extent;
    const hid_t space = H5Screate_simple(4, extent.data(), nullptr), creation = H5Pcreate(H5P_DATASET_CREATE);
    chunk[0] = layout == Layout::kChunks ? 1 : 100;
    if (layout != Layout::kContiguous) H5Pset_chunk(creation, 4, chunk.data());
    if (layout == Layout::kDeflate) H5Pset_deflate(creation, 1);
    const unsigned options[] = {0, 0, 0, 0, 5, 1, 1};  // the published files': level 5, byte shuffle, LZ4
    if (layout >= Layout::kBlosc) H5Pset_filter(creation, 32001, H5Z_FLAG_OPTIONAL, 7, options);
    const hid_t dataset = H5Dcreate2(file_, "pixels", H5T_NATIVE_UINT8, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    ASSERT_GE(H5Dwrite(dataset, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, pictures_.const_data_ptr()), 0);
    ASSERT_GE(H5Dclose(dataset), 0);
    H5Pclose(creation);
    H5Sclose(space);
    const Tensor actions = at::ones({static_cast<int64_t>(kRows), 2});
    put("action", H5T_NATIVE_FLOAT, {kRows, 2}, actions.const_data_ptr());
    put_lengths({100, 130}, {0, 100});
  }

  Tensor pictures_;
};

TEST_P(PictureLayouts, AnyRowsAreThoseThatWereWritten) {
  if (GetParam() >= Layout::kBlosc && !blosc_available()) GTEST_SKIP() << "no Blosc";
  put_pictures(GetParam());
  const EpisodeFile file(close());
  for (const auto& [first, step, count] : std::vector<std::array<int64_t, 3>>{
           {0, 1, 1}, {95, 1, 12}, {3, 5, 40}, {229, 1, 1}, {98, 2, 2}, {0, 100, 3}, {0, 1, 230}}) {
    Tensor planes = at::empty({count, 3, 20, 20}, at::kByte);
    file.read_pictures("pixels", first, step, count, planes.data_ptr<uint8_t>());
    const Tensor wanted = pictures_.slice(0, first, first + (count - 1) * step + 1, step).permute({0, 3, 1, 2});
    EXPECT_TRUE(at::equal(planes, wanted)) << first << " " << step << " " << count;
  }
  uint8_t none = 0;
  EXPECT_THROW(file.read_pictures("pixels", 229, 1, 2, &none), Error);
  EXPECT_THROW(file.read_pictures("pixels", 0, 115, 3, &none), Error);
}

TEST_P(PictureLayouts, ThreadsReadTheSame) {
  if (GetParam() >= Layout::kBlosc && !blosc_available()) GTEST_SKIP() << "no Blosc";
  put_pictures(GetParam());
  const EpisodeDataset dataset(std::vector<std::filesystem::path>{close()}, /*cache_bytes=*/0);
  const ClipShape shape{.frames = 4, .frameskip = 5, .columns = {}};
  const auto clips = dataset.clips(shape, Split::kAll);
  EXPECT_TRUE(at::equal(dataset.read(shape, clips, 1).frames, dataset.read(shape, clips, 8).frames));
}

TEST_P(PictureLayouts, DamagedPicturesEndInAnErrorOrInOtherPictures) {
  if (GetParam() >= Layout::kBlosc && !blosc_available()) GTEST_SKIP() << "no Blosc";
  put_pictures(GetParam());
  const auto path = close();
  const auto size = std::filesystem::file_size(path);
  for (uintmax_t at = 2048; at + 64 < size; at += 9973) {
    std::fstream bytes(path, std::ios::binary | std::ios::in | std::ios::out);
    bytes.seekp(static_cast<std::streamoff>(at));
    bytes << std::string(64, static_cast<char>(0xA5 + at));
  }
  try {
    const EpisodeFile file(path);
    Tensor planes = at::empty({230, 3, 20, 20}, at::kByte);
    file.read_pictures("pixels", 0, 1, 230, planes.data_ptr<uint8_t>());
  } catch (const Error&) {
  }
}

INSTANTIATE_TEST_SUITE_P(All, PictureLayouts,
                         ::testing::Values(Layout::kContiguous, Layout::kChunks, Layout::kOldChunks, Layout::kDeflate,
                                           Layout::kBlosc, Layout::kBloscNoise));

TEST(Droid, PosesAndRecordingsAreRowsOfOneEpisode) {
  const TemporaryFolder folder;
  const auto episode = folder.path() / "LAB" / "success" / "2023-01-01" / "Sun_Jan_1";
  std::filesystem::create_directories(episode / "recordings" / "MP4");
  const hid_t file = H5Fcreate((episode / "trajectory.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const auto put = [&](const char* name, std::vector<hsize_t> extent, double first) {
    std::vector<double> values(extent.size() == 1 ? extent[0] : extent[0] * extent[1]);
    for (size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<double>(i);
    const hid_t space = H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr);
    const hid_t dataset = H5Dcreate2(file, name, H5T_NATIVE_DOUBLE, space, links, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Dclose(dataset);
    H5Sclose(space);
  };
  put("observation/robot_state/cartesian_position", {6, 6}, 0);
  put("observation/robot_state/gripper_position", {6}, 100);
  put("observation/camera_extrinsics/123_left", {6, 6}, 500);
  H5Pclose(links);
  H5Fclose(file);
  write_file(episode / "metadata_x.json", R"({"left_mp4_path": "success/2023/recordings/MP4/123.mp4",
                                              "wrist_mp4_path": "success/2023/recordings/MP4/9.mp4"})");
  Tensor frames = at::full({6, 3, 32, 48}, 40, at::kByte);
  for (int64_t t = 0; t < 6; ++t) frames[t].fill_(20 * t + 40);
  write_video(episode / "recordings" / "MP4" / "123.mp4", frames);
  write_video(episode / "recordings" / "MP4" / "9.mp4", frames.flip(0).contiguous());

  const auto source = open_source(folder.path());
  EXPECT_EQ(source->info().format, "droid");
  ASSERT_EQ(source->episodes(), 1);
  const Episode read = source->episode(0);  // the left camera, as upstream
  EXPECT_NEAR(read.frames[2].to(at::kFloat).mean().item<double>(), 80, 4);
  EXPECT_EQ(read.columns.at("state").sizes(), (std::vector<int64_t>{6, 7}));
  EXPECT_EQ(read.columns.at("state")[1][0].item<double>(), 6);
  EXPECT_EQ(read.columns.at("state")[1][6].item<double>(), 101);
  EXPECT_EQ(read.columns.at("extrinsics_left")[0][0].item<double>(), 500);
  EXPECT_NEAR(
      open_source(folder.path(), {.camera = "wrist"})->episode(0).frames[2].to(at::kFloat).mean().item<double>(), 100,
      4);
  // An index file names the same folder; a folder without metadata is left out, and alone it is an error.
  write_file(folder.path() / "index.txt", "LAB/success/2023-01-01/Sun_Jan_1 0\n");
  EXPECT_EQ(open_source(folder.path() / "index.txt")->length(0), 6);
  std::filesystem::remove(episode / "metadata_x.json");
  EXPECT_THROW(open_source(folder.path()), DataError);
}

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

TEST_F(ForeignFiles, LengthsThatAddUpToNoNumberAreRefused) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max() - 3;
  put_rows();
  put("ep_len", H5T_NATIVE_INT64, {3}, std::vector<int64_t>{kHuge, kHuge, 18}.data());
  EXPECT_THAT([&] { EpisodeFile{close()}; }, ThrowsMessage<DataError>(HasSubstr("episode 0 has")));
}

TEST_F(ForeignFiles, NegativeOffsetsAreRefused) {
  put_rows();
  put_lengths({5}, {-1});
  EXPECT_THROW(EpisodeFile{close()}, DataError);
}

TEST_F(ForeignFiles, ColumnsOfDifferentLengthAreRefused) {
  put("pixels", H5T_NATIVE_UINT8, {12, 4, 4, 3}, pixels_.data());
  put("action", H5T_NATIVE_DOUBLE, {9, 2}, actions_.data());
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
  EXPECT_THAT([&] { EpisodeFile{close()}; },
              ThrowsMessage<DataError>(HasSubstr("nothing says where its episodes begin: expected 'ep_len'")));
  const EpisodeFile one(path_, /*one_episode=*/true);  // of a folder with a file per episode
  ASSERT_EQ(one.episodes(), 1);
  EXPECT_EQ(one.length(0), 12);
}

TEST_F(ForeignFiles, AGroupOfOtherThingsSaysWhatIsExpected) {
  put_group("weights", {});
  EXPECT_THAT(
      [&] { EpisodeFile{close()}; },
      ThrowsMessage<DataError>(HasSubstr("(robomimic, ManiSkill), or ALOHA's 'observations' and 'action'; there "
                                         "are: weights/")));
}

TEST_F(ForeignFiles, EpisodesEndWhereOtherColumnsSaySo) {
  put_rows();
  std::vector<double> terminals(12, 0);
  terminals[4] = terminals[11] = 1;
  put("terminals", H5T_NATIVE_DOUBLE, {12}, terminals.data());
  const auto path = close();
  const auto source = open_source(path);
  EXPECT_EQ(source->info().lengths, (std::vector<int64_t>{5, 7}));
  ASSERT_EQ(source->info().notes.size(), 1u);
  EXPECT_THAT(source->info().notes.front(), HasSubstr("'terminals' says: 2"));
}

TEST_F(ForeignFiles, EpisodesEndWhereTheEndsOfDiffusionPolicySaySo) {
  put_rows();
  put("episode_ends", H5T_NATIVE_INT64, {2}, std::vector<int64_t>{5, 12}.data());
  const EpisodeFile file(close());
  ASSERT_EQ(file.episodes(), 2);
  EXPECT_EQ(file.offset(1), 5);
  EXPECT_TRUE(file.unread().empty());
}

TEST_F(ForeignFiles, ActionsOfTheCommonNameAreActions) {
  put("pixels", H5T_NATIVE_UINT8, {12, 4, 4, 3}, pixels_.data());
  put("actions", H5T_NATIVE_DOUBLE, {12, 2}, actions_.data());
  put_lengths({12}, {0});
  EXPECT_EQ(EpisodeDataset(std::vector<std::filesystem::path>{close()}).action_size(), 2);
}

TEST_F(ForeignFiles, StackedArraysAreEpisodes) {
  std::vector<uint8_t> pictures(3 * 4 * 6 * 6 * 3);
  for (size_t i = 0; i < pictures.size(); ++i) pictures[i] = static_cast<uint8_t>(i / (6 * 6 * 3));
  put("pixels", H5T_NATIVE_UINT8, {3, 4, 6, 6, 3}, pictures.data(), /*chunk_rows=*/1);
  put("action", H5T_NATIVE_DOUBLE, {3, 3, 2},
      std::vector<double>{0, 0, 1, 1, 2, 2, 4, 4, 5, 5, 6, 6, 8, 8, 9, 9, 10, 10}.data());
  put("goal", H5T_NATIVE_DOUBLE, {3}, std::vector<double>{1, 2, 3}.data());
  const auto source = open_source(close());
  EXPECT_EQ(source->info().lengths, (std::vector<int64_t>{4, 4, 4}));
  for (int64_t e = 0; e < 3; ++e) {
    const Tensor seen = source->read(e, "pixels", 1, 3), actions = source->read(e, "action", 0, 4);
    for (int64_t t = 0; t < 3; ++t) {
      EXPECT_EQ(seen[t][0][0][0].item<int64_t>(), e * 4 + t + 1);
      EXPECT_EQ(actions[t][1].item<double>(), static_cast<double>(e * 4 + t));
    }
    EXPECT_TRUE(actions[3].isnan().all().item<bool>()) << "one action less than pictures";
  }
  const Tensor across = source->read_all("action");
  EXPECT_EQ(across[9][0].item<double>(), 9);
  ASSERT_EQ(source->info().unread.size(), 1u);
  EXPECT_EQ(source->info().unread.front().name, "goal");
}

TEST_F(ForeignFiles, GroupsOfManiSkillAreEpisodes) {
  for (const std::string name : {"traj_0", "traj_2", "traj_10"}) {
    put_group(name, {"obs", "obs/agent", "obs/sensor_data", "obs/sensor_data/base", "obs/sensor_data/hand"});
    put((name + "/actions").c_str(), H5T_NATIVE_DOUBLE, {11, 2}, actions_.data());
    put((name + "/obs/agent/qpos").c_str(), H5T_NATIVE_DOUBLE, {12, 2}, actions_.data());
    for (const char* camera : {"base", "hand"})
      put((name + "/obs/sensor_data/" + camera + "/rgb").c_str(), H5T_NATIVE_UINT8, {12, 4, 4, 3}, pixels_.data());
  }
  const auto source = open_source(close(), {.camera = "hand"});
  EXPECT_EQ(source->info().names, (std::vector<std::string>{"traj_0", "traj_2", "traj_10"}));
  EXPECT_EQ(source->info().lengths, (std::vector<int64_t>{12, 12, 12}));
  EXPECT_TRUE(source->has("proprio") && source->has("pixels_base"));
  EXPECT_TRUE(source->read(1, "action", 11, 1).isnan().all().item<bool>());
}

}  // namespace
}  // namespace foresee::data
