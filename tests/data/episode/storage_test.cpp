// Claims: rows come from the named file alone and as a whole; names cannot lead out of a folder; a crash of the library
// is an error of one line; a small file cannot claim much memory.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include "data/episode/hdf5/array.h"
#include "data/episode/hdf5/episode_file.h"
#include "data/episode/source.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

const fs::path kProgramCases = "tests/fixtures/cases/program";

/// Writes a file with six rows of actions in two chunks of an old B-tree, one episode, and what `more` adds.
void write_file_with_rows(const fs::path& path, const std::function<void(hid_t)>& more = {}) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const auto put = [&](const char* name, hid_t type, std::vector<hsize_t> extent, const void* values, hsize_t chunk) {
    const hid_t space = H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr),
                creation = H5Pcreate(H5P_DATASET_CREATE);
    extent[0] = chunk;
    if (chunk > 0) H5Pset_chunk(creation, static_cast<int>(extent.size()), extent.data());
    const hid_t dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(dataset);
    H5Pclose(creation);
    H5Sclose(space);
  };
  const std::vector<float> actions(12, 1.F);
  const int32_t length = 6;
  const int64_t offset = 0;
  put("action", H5T_NATIVE_FLOAT, {6, 2}, actions.data(), 3);
  put("ep_len", H5T_NATIVE_INT32, {1}, &length, 0);
  put("ep_offset", H5T_NATIVE_INT64, {1}, &offset, 0);
  if (more) more(file);
  H5Fclose(file);
}

/// A column of six numbers with these creation properties.
void add_column(hid_t file, const char* name, hid_t creation, std::vector<hsize_t> extent = {6}) {
  const hid_t space = H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr);
  H5Dclose(H5Dcreate2(file, name, H5T_NATIVE_UINT8, space, H5P_DEFAULT, creation, H5P_DEFAULT));
  H5Sclose(space);
}

std::string refusal_of_file(const fs::path& path) {
  return refusal_of<DataError>([&] {
    const EpisodeFile file(path);
    for (int64_t e = 0; e < file.episodes(); ++e) (void)file.episode(e);
  });
}

TEST(Hdf5Storage, SoundFilesAreRead) {
  const TemporaryFolder folder;
  write_file_with_rows(folder / "a.h5");
  EXPECT_EQ(refusal_of_file(folder / "a.h5"), "");
}

TEST(Hdf5Storage, AChunkThatIsShorterThanItsRowsIsRefused) {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.h5";
  write_file_with_rows(path);
  std::string bytes = read_file(path);
  // The first key of the tree of chunks: the bytes of the chunk, 3 rows of 2 floats.
  size_t node = bytes.find(std::string("TREE\x01", 5));
  ASSERT_NE(node, std::string::npos);
  uint32_t stored = 0;
  std::memcpy(&stored, &bytes[node + 24], sizeof stored);
  ASSERT_EQ(stored, 24u);
  for (const uint32_t lie : {8u, 0u, 4096u}) {
    std::memcpy(&bytes[node + 24], &lie, sizeof lie);
    write_file(path, bytes);
    EXPECT_TRUE(says(refusal_of_file(path), "column 'action': a chunk")) << lie;
  }
}

/// A file with a column of six bytes in one chunk, stored as these bytes behind a filter.
void write_packed_column(const fs::path& path, H5Z_filter_t filter, const std::string& chunk) {
  write_file_with_rows(path, [&](hid_t file) {
    const hsize_t extent = 6, offset = 0;
    const unsigned level = 4;
    const hid_t space = H5Screate_simple(1, &extent, nullptr), creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 1, &extent);
    if (filter == H5Z_FILTER_SCALEOFFSET)
      H5Pset_scaleoffset(creation, H5Z_SO_INT, 0);
    else
      H5Pset_filter(creation, filter, H5Z_FLAG_MANDATORY, 1, &level);
    const hid_t dataset = H5Dcreate2(file, "packed", H5T_NATIVE_UINT8, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    EXPECT_GE(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &offset, chunk.size(), chunk.data()), 0);
    H5Dclose(dataset);
    H5Pclose(creation);
    H5Sclose(space);
  });
}

/// A zlib stream of zeros, stored as they are.
std::string zlib_zeros(uint16_t count) {
  std::string stream("\x78\x01\x01", 3);
  const auto inverse = static_cast<uint16_t>(~count);
  stream.append(reinterpret_cast<const char*>(&count), 2).append(reinterpret_cast<const char*>(&inverse), 2);
  stream.append(count, '\0');
  const char checksum[] = {static_cast<char>(count >> 8), static_cast<char>(count), 0, 1};  // Adler-32
  return stream.append(checksum, 4);
}

TEST(Hdf5Storage, APackedChunkUnpacksToWhatItsRowsHave) {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.h5";
  const auto refusal_of_chunk = [&](H5Z_filter_t filter, const std::string& chunk) {
    write_packed_column(path, filter, chunk);
    const std::string message = refusal_of_file(path);
    EXPECT_TRUE(message.empty() ||
                says(refusal_of<DataError>([&] { read_hdf5_array(path, "packed"); }), "column 'packed'"));
    return message;
  };
  EXPECT_EQ(refusal_of_chunk(H5Z_FILTER_DEFLATE, zlib_zeros(6)), "");
  EXPECT_TRUE(says(refusal_of_chunk(H5Z_FILTER_DEFLATE, zlib_zeros(2)), "unpacks to only 2 bytes, its rows have 6"));
  EXPECT_TRUE(says(refusal_of_chunk(H5Z_FILTER_DEFLATE, zlib_zeros(60'000)), "unpacks to more than 6 bytes"));
  EXPECT_TRUE(says(refusal_of_chunk(H5Z_FILTER_DEFLATE, zlib_zeros(6).substr(0, 9)), "a packed chunk is damaged"));
  EXPECT_TRUE(says(refusal_of_chunk(H5Z_FILTER_SCALEOFFSET, "123456789"), "'scaleoffset', which is not read"));
  if (!blosc_available()) return;
  const auto blosc = [](uint32_t unpacked, uint32_t packed) {
    std::string header("\x02\x01\x02\x01", 4);
    for (const uint32_t number : {unpacked, unpacked, packed}) header.append(reinterpret_cast<const char*>(&number), 4);
    return header + std::string(6, '\0');
  };
  constexpr H5Z_filter_t kBlosc = 32001;
  EXPECT_EQ(refusal_of_chunk(kBlosc, blosc(6, 22)), "");
  EXPECT_TRUE(says(refusal_of_chunk(kBlosc, blosc(2, 22)), "unpacks to only 2 bytes, its rows have 6"));
  EXPECT_TRUE(says(refusal_of_chunk(kBlosc, blosc(6, 4000)), "a packed chunk is damaged"));
}

TEST(Hdf5Storage, EveryChangedByteOfATreeIsRefusedOrHarmless) {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.h5";
  write_file_with_rows(path);
  const std::string sound = read_file(path);
  const size_t node = sound.find(std::string("TREE\x01", 5));
  for (size_t at = node; at < node + 120; at += 3)
    for (const char value : {'\xFF', '\0', '\x7F'}) {
      std::string bytes = sound;
      bytes[at] = value;
      write_file(path, bytes);
      try {
        const EpisodeFile file(path);
        (void)file.episode(0);
      } catch (const Error&) {
      }
    }
}

TEST(Hdf5Storage, RowsOfOtherFilesAreRefused) {
  const TemporaryFolder folder;
  write_file(folder / "secret", "secret");
  write_file_with_rows(folder / "other.h5");
  write_file_with_rows(folder / "external.h5", [&](hid_t file) {
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(creation, (folder / "secret").c_str(), 0, 6);
    add_column(file, "stolen", creation);
    H5Pclose(creation);
  });
  EXPECT_TRUE(says(refusal_of_file(folder / "external.h5"), "column 'stolen': its rows lie in another file"));
  EXPECT_TRUE(says(refusal_of<DataError>([&] { read_hdf5_array(folder / "external.h5", "stolen"); }), "another file"));

  write_file_with_rows(folder / "link.h5", [&](hid_t file) {
    H5Lcreate_external((folder / "other.h5").c_str(), "action", file, "linked", H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_TRUE(says(refusal_of_file(folder / "link.h5"), "'linked' is a link to another file"));
  EXPECT_THROW(read_hdf5_array(folder / "link.h5", "linked"), DataError);

  write_file_with_rows(folder / "virtual.h5", [&](hid_t file) {
    const hsize_t extent[] = {6, 2};
    const hid_t space = H5Screate_simple(2, extent, nullptr), creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_virtual(creation, space, (folder / "other.h5").c_str(), "action", space);
    H5Dclose(H5Dcreate2(file, "view", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    H5Pclose(creation);
    H5Sclose(space);
  });
  EXPECT_TRUE(says(refusal_of_file(folder / "virtual.h5"), "column 'view': it is a view of other data sets"));
}

TEST(Hdf5Storage, NamesCannotLeadOutOfAFolder) {
  const TemporaryFolder folder;
  write_file_with_rows(folder / "a.h5", [&](hid_t file) { add_column(file, "..", H5P_DEFAULT); });
  const EpisodeFile file(folder / "a.h5");
  EXPECT_TRUE(file.has("__"));
  EXPECT_FALSE(file.has(".."));
  write_file_with_rows(folder / "b.h5", [&](hid_t file_b) {
    add_column(file_b, "..", H5P_DEFAULT);
    add_column(file_b, "__", H5P_DEFAULT);
  });
  EXPECT_TRUE(says(refusal_of_file(folder / "b.h5"), "two columns have the name '__'"));
}

TEST(Hdf5Storage, ASmallFileCannotClaimMuchMemory) {
  const TemporaryFolder folder;
  write_file_with_rows(folder / "a.h5", [&](hid_t file) { add_column(file, "wide", H5P_DEFAULT, {6, 2'000'000'000}); });
  EXPECT_LT(fs::file_size(folder / "a.h5"), 20'000u);
  EXPECT_TRUE(says(refusal_of_file(folder / "a.h5"), "column 'wide': a column would take 12.0 GB of memory"));
  EXPECT_TRUE(says(refusal_of<DataError>([&] { read_hdf5_array(folder / "a.h5", "wide"); }), "would take"));
  // Each column within the budget, all of them beyond it.
  write_file_with_rows(folder / "b.h5", [&](hid_t file) {
    for (int i = 0; i < 10; ++i) add_column(file, fmt::format("c{}", i).c_str(), H5P_DEFAULT, {6, 10'000'000});
  });
  EXPECT_TRUE(says(refusal_of_file(folder / "b.h5"), "its longest episode would take 600.0 MB of memory"));
}

TEST(Hdf5Storage, FilesThatCrashTheLibraryAreErrorsOfOneLine) {
  const TemporaryFolder folder;
  const std::string unpack = "gzip -dc '" + (kProgramCases / "hdf5-segv-link-table.h5.gz").string() + "' > '" +
                             (folder / "links.h5").string() + "'";
  ASSERT_EQ(std::system(unpack.c_str()), 0);
  for (const fs::path& path :
       {folder / "links.h5", kProgramCases / "hdf5-segv-symbol-table.h5", kProgramCases / "hdf5-overread-chunk.h5"}) {
    const std::string message = refusal_of_file(path);
    EXPECT_TRUE(says(message, path.string())) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
    EXPECT_TRUE(says(refusal_of_file(path), path.string())) << "the second time";
  }
}

}  // namespace
}  // namespace foresee::data
