// Claims: a result never replaces what is there unless asked, and then only what this program wrote; the old one stays
// until the new one is in place; two writers do not meet; what a killed process left is put right.
#include "jepa/core/files/output.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/staged.h"
#include "tests/support/full_disk.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNpyBytes("\x93NUMPY", 6);

class OutputTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;

  /// A folder of two files, as a command makes it.
  fs::path made(const std::string& name = "set", bool overwrite = false, const std::string& text = "1") {
    Output place = Output::folder(folder_ / name, "episodes", {.overwrite = overwrite});
    fs::create_directories(place.staged() / "inner");
    write_file(place.staged() / "a", text);
    write_file(place.staged() / "inner" / "b", text);
    place.commit();
    return folder_ / name;
  }
  std::string refused_folder(const fs::path& path, OutputRules rules = {}) {
    return refusal_of<Error>([&] { Output::folder(path, "episodes", rules); });
  }
  std::string refused_file(const fs::path& path, OutputRules rules = {}) {
    return refusal_of<Error>([&] { Output::file(path, FileFormat::kNpy, rules); });
  }
};

TEST_F(OutputTest, WhatExistsIsRefusedAndKept) {
  const fs::path set = made();
  EXPECT_TRUE(says(refused_folder(set), "exists already"));
  EXPECT_TRUE(says(refused_folder(set), "set"));
  EXPECT_THROW(Output::folder(set, "episodes", {}), OutputExists);
  write_file(folder_ / "f", "mine");
  EXPECT_TRUE(says(refused_file(folder_ / "f"), "exists already"));
  EXPECT_EQ(read_file(folder_ / "f"), "mine");
  EXPECT_EQ(read_file(set / "a"), "1");
  EXPECT_EQ(count_entries(folder_.path()), 2);  // no lock, no temporary folder
}

TEST_F(OutputTest, TheMarkerOfColumnsServesAsWell) {
  const auto make = [&](bool overwrite) {
    Output place = Output::folder(folder_ / "set", "episodes", {.overwrite = overwrite}, kColumnsMarker);
    fs::create_directories(place.staged());
    write_file(place.staged() / "a", "1");
    place.commit();
  };
  make(false);
  EXPECT_TRUE(fs::exists(folder_ / "set" / kColumnsMarker));
  EXPECT_FALSE(fs::exists(folder_ / "set" / kOutputMarker));
  EXPECT_EQ(output_content(folder_ / "set"), "episodes");
  make(true);
  write_file(folder_ / "set" / "mine", "1");
  EXPECT_TRUE(says(refused_folder(folder_ / "set", {.overwrite = true}), "holds 'mine'"));
}

TEST_F(OutputTest, OverwriteReplacesAResultOfThisProgram) {
  made();
  const fs::path set = made("set", /*overwrite=*/true, "2");
  EXPECT_EQ(read_file(set / "a"), "2");
  EXPECT_EQ(read_file(set / "inner" / "b"), "2");
  EXPECT_EQ(count_entries(folder_.path()), 1);
}

TEST_F(OutputTest, OverwriteRefusesWhatItDidNotWrite) {
  const OutputRules overwrite{.overwrite = true};
  const fs::path set = made();
  write_file(set / "inner" / "notes.txt", "mine");
  EXPECT_TRUE(says(refused_folder(set, overwrite), "inner/notes.txt"));
  fs::remove(set / "inner" / "notes.txt");
  fs::create_directory(set / "empty");
  EXPECT_TRUE(says(refused_folder(set, overwrite), "empty"));
  fs::remove(set / "empty");
  fs::create_symlink("/", set / "link");
  EXPECT_TRUE(says(refused_folder(set, overwrite), "link"));
  fs::remove(set / "link");
  EXPECT_TRUE(refused_folder(set, overwrite).empty());
  EXPECT_TRUE(says(refusal_of<Error>([&] { Output::folder(set, "model", overwrite); }), "another kind"));

  fs::create_directory(folder_ / "mine");
  write_file(folder_ / "mine" / "a", "mine");
  EXPECT_TRUE(says(refused_folder(folder_ / "mine", overwrite), "did not write it"));
  write_file(folder_ / "mine" / kOutputMarker, "[1]");
  EXPECT_TRUE(says(refused_folder(folder_ / "mine", overwrite), "not a marker"));
  write_file(folder_ / "text.npy", "mine");
  EXPECT_TRUE(says(refused_file(folder_ / "text.npy", overwrite), "expected an earlier npy file"));
  write_file(folder_ / "array.npy", kNpyBytes);
  EXPECT_TRUE(refused_file(folder_ / "array.npy", overwrite).empty());
  EXPECT_TRUE(says(refused_file(set, overwrite), "is a folder"));
  EXPECT_TRUE(says(refused_folder(folder_ / "text.npy", overwrite), "is a file"));
  EXPECT_TRUE(says(refused_file("/dev/null", overwrite), "no regular file"));
}

TEST_F(OutputTest, WhatAppearsMeanwhileIsKeptAndSoIsTheResult) {
  Output place = Output::folder(folder_ / "set", "episodes", {});
  fs::create_directories(place.staged());
  write_file(place.staged() / "a", "new");
  fs::create_directory(folder_ / "set");
  write_file(folder_ / "set" / "mine", "mine");
  const std::string message = refusal_of<Error>([&] { place.commit(); });
  EXPECT_TRUE(says(message, "kept as"));
  EXPECT_EQ(read_file(folder_ / "set" / "mine"), "mine");
  EXPECT_EQ(read_file(folder_ / ("set.new-" + std::to_string(::getpid())) / "a"), "new");
}

TEST_F(OutputTest, PlacesThatWouldLoseSomethingAreRefused) {
  const fs::path set = made();
  write_file(folder_ / "in.npy", kNpyBytes);
  const OutputRules overwrite{.overwrite = true, .inputs = {folder_ / "in.npy"}, .input_folders = {set}};
  EXPECT_TRUE(says(refused_file(folder_ / "in.npy", overwrite), "which is read"));
  fs::create_hard_link(folder_ / "in.npy", folder_ / "same.npy");
  EXPECT_TRUE(says(refused_file(folder_ / "same.npy", overwrite), "which is read"));
  fs::create_symlink(folder_ / "in.npy", folder_ / "link.npy");
  EXPECT_TRUE(says(refused_file(folder_ / "link.npy", overwrite), "which is read"));
  EXPECT_TRUE(says(refused_folder(set / "x", overwrite), "lies in"));
  EXPECT_TRUE(says(refused_folder(set / ".." / "set" / "", overwrite), "which is read"));
  EXPECT_TRUE(says(refused_folder(folder_.path(), overwrite), "which is read"));

  const fs::path before = fs::current_path();
  fs::current_path(set);
  EXPECT_TRUE(says(refused_folder(".", {.overwrite = true}), "folder that you are in"));
  EXPECT_TRUE(says(refused_folder("..", {.overwrite = true}), "folder that you are in"));
  EXPECT_TRUE(says(refused_folder("inner/..", {.overwrite = true}), "folder that you are in"));
  fs::current_path(before);
  fs::create_symlink(folder_ / "nothing", folder_ / "dangling");
  EXPECT_TRUE(says(refused_folder(folder_ / "dangling"), "symbolic link"));
  EXPECT_EQ(read_file(set / "a"), "1");
}

TEST_F(OutputTest, APlaceWhereSomethingIsMountedIsRefusedBeforeTheWork) {
  const std::string refusal = refusal_of<Error>([] { Output::folder("/proc", "episodes", {.overwrite = true}); });
  EXPECT_TRUE(says(refusal, "/proc: something is mounted there"));
  EXPECT_TRUE(says(refusal, "choose a folder inside it"));
}

TEST_F(OutputTest, ASymbolicLinkIsFollowed) {
  const fs::path set = made();
  fs::create_symlink(set, folder_ / "link");
  made("link", /*overwrite=*/true, "2");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_file(set / "a"), "2");
}

TEST_F(OutputTest, EmptyFoldersAndSlashesAreFine) {
  fs::create_directory(folder_ / "empty");
  Output place = Output::folder((folder_ / "empty").string() + "/", "episodes", {});
  fs::create_directories(place.staged());
  write_file(place.staged() / "a", "1");
  place.commit();
  EXPECT_EQ(read_file(folder_ / "empty" / "a"), "1");
  EXPECT_EQ(output_content(folder_ / "empty"), "episodes");
}

TEST_F(OutputTest, AFailureLeavesNothingBehind) {
  { const Output place = Output::file(folder_ / "new" / "deep" / "x.npy", FileFormat::kNpy, {}); }
  EXPECT_EQ(count_entries(folder_.path()), 0);
  {
    Output place = Output::file(folder_ / "x.npy", FileFormat::kNpy, {});
    const FullDisk full(1000);
    EXPECT_THROW(write_file(place.staged(), std::string(100'000, 'x')), Error);
  }
  EXPECT_EQ(count_entries(folder_.path()), 0);
}

TEST_F(OutputTest, ASecondProcessIsKeptOff) {
  const Output place = Output::file(folder_ / "x.npy", FileFormat::kNpy, {});
  const pid_t child = ::fork();
  if (child == 0) ::_exit(refused_file(folder_ / "x.npy").find("another process") == std::string::npos);
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(OutputTest, WhatAKilledProcessMovedAsideIsPutBack) {
  const fs::path set = made();
  const pid_t child = ::fork();
  if (child == 0) {
    Output* place = new Output(Output::folder(set, "episodes", {.overwrite = true}));  // never destroyed
    fs::rename(set, place->staged().parent_path() / "old");  // as commit() does, and then it is killed
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(fs::exists(set));
  EXPECT_TRUE(says(refused_folder(set), "exists already"));
  EXPECT_EQ(read_file(set / "a"), "1");
  EXPECT_EQ(count_entries(folder_.path()), 1);
}

TEST_F(OutputTest, TemporaryNamesAreNeverShared) {
  const StagedFile first(folder_ / "x"), second(folder_ / "x");
  EXPECT_NE(first.path(), second.path());
  const std::string long_name(250, 'n');
  StagedFile staged(folder_ / long_name);
  write_file(staged.path(), "1");
  staged.commit();
  EXPECT_EQ(read_file(folder_ / long_name), "1");
}

TEST_F(OutputTest, FormatsAreToldApartByStructure) {
  for (const size_t length : {0x80u, 0x180u, 0x280u, 0x380u, 0x480u, 0x580u, 0x8080u}) {
    std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    header.resize(length, ' ');
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(length & 0xff);
    bytes[1] = static_cast<char>(length >> 8);
    write_file(folder_ / "x", bytes + header + std::string(4, '\0'));
    EXPECT_EQ(file_format(folder_ / "x"), FileFormat::kSafetensors) << length;
  }
  write_file(folder_ / "x", std::string("\x80\x02}q\x00.", 6));
  EXPECT_EQ(file_format(folder_ / "x"), FileFormat::kPickle);
  write_file(folder_ / "x", "<!doctype HTML><p>");
  EXPECT_EQ(file_format(folder_ / "x"), FileFormat::kHtml);
  write_file(folder_ / "x", std::string(512, ' ') + "\x89HDF\r\n\x1a\n");
  EXPECT_EQ(file_format(folder_ / "x"), FileFormat::kHdf5);
  write_file(folder_ / "x", "");
  EXPECT_EQ(file_format(folder_ / "x"), FileFormat::kUnknown);
  EXPECT_EQ(file_format(folder_.path()), FileFormat::kUnknown);
}

}  // namespace
}  // namespace foresee
