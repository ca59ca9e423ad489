// Claims: no command replaces what it did not write; inputs are never outputs; closed and full streams neither damage
// files nor go unnoticed; safetensors headers of every length are read.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "jepa/core/files/file.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"

namespace foresee::tests {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const fs::path kPicture = "docs/images/demo-report.png";

Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// Twelve episodes, made once.
const fs::path& episodes() {
  static const TemporaryFolder folder;
  static const fs::path file = [] {
    const auto made = run_program({"data", "collect", "--env", "two_room", "--episodes", "12", "--size", "16", "--out",
                                   (folder / "e.h5").string()});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return folder / "e.h5";
  }();
  return file;
}

/// Every file below a folder, with its content.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    all[entry.path().string()] = entry.is_regular_file() ? read_file(entry.path()) : "";
  return all;
}

struct Writer {
  const char* name;
  Words words;  // without the place
  const char* flag;
  std::string place;  // name of the output
};

/// Every command that writes a result, with a small job.
std::vector<Writer> writers() {
  const std::string in = episodes().string(), model = "tools/assets/two_room";
  std::vector<Writer> all{
      {"collect", {"data", "collect", "--env", "two_room", "--episodes", "2", "--size", "16"}, "--out", "c.h5"},
      {"view", {"data", "view", "--input", in}, "--output", "v.png"},
      {"scenes", {"data", "scenes", "--clips", "2", "--size", "16", "--frames", "2"}, "--out", "scenes"},
      {"export", {"export", "--model", model, "--format", "swm"}, "--out", "swm"},
      {"plan",
       {"plan", "--model", model, "--obs", kPicture.string(), "--goal", kPicture.string(), "--set", "planner.samples=8",
        "--set", "planner.iterations=1", "--set", "planner.elites=2"},
       "--out",
       "plan"},
      {"eval", {"eval", "--env", "two_room", "--methods", "noop,random", "--episodes", "2"}, "--out", "eval"}};
  for (const char* format : {"npz", "folder"})
    all.push_back(
        {format, {"data", "convert", "--input", in, "--format", format}, "--output", std::string("o.") + format});
  return all;
}

TEST(Outputs, EveryCommandRefusesWhatExistsAndReplacesOnlyItsOwn) {
  for (const Writer& writer : writers()) {
    SCOPED_TRACE(writer.name);
    const TemporaryFolder folder;
    const fs::path place = folder / writer.place;
    const Words words = writer.words + Words{writer.flag, place.string()};
    const auto made = run_program(words);
    ASSERT_EQ(made.exit_code, 0) << made.err;
    ASSERT_TRUE(fs::exists(place));
    EXPECT_EQ(count_entries(folder.path()), 1) << "something beside the result";
    const auto before = contents(folder.path());

    const auto again = run_program(words);
    EXPECT_EQ(again.exit_code, 1);
    EXPECT_TRUE(says(again.err, place.string()));
    EXPECT_TRUE(says(again.err, "--overwrite"));
    EXPECT_EQ(contents(folder.path()), before);

    const auto replaced = run_program(words + Words{"--overwrite"});
    EXPECT_EQ(replaced.exit_code, 0) << replaced.err;
    EXPECT_EQ(count_entries(folder.path()), 1);

    // Something of the user's in its place.
    const fs::path mine = fs::is_directory(place) ? place / "notes.txt" : place;
    write_file(mine, "mine");
    const auto kept = contents(folder.path());
    const auto refused = run_program(words + Words{"--overwrite"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_TRUE(says(refused.err, place.string()));
    EXPECT_EQ(contents(folder.path()), kept);
  }
}

TEST(Outputs, InputsAndTheWorkingFolderAreNeverOutputs) {
  const TemporaryFolder folder;
  const std::string set = (folder / "set").string();
  const Words convert{"data", "convert", "--format", "folder", "--overwrite", "--input"};
  ASSERT_EQ(run_program(convert + Words{episodes().string(), "--output", set}).exit_code, 0);
  const auto before = contents(folder.path());
  for (const std::string& place :
       {set, set + "/", set + "/../set", set + "/inner", folder.path().string(), std::string(".")}) {
    const auto refused = run_program(convert + Words{set, "--output", place});
    EXPECT_EQ(refused.exit_code, 1) << place;
    EXPECT_EQ(contents(folder.path()), before) << place;
  }
  // A run is not made inside the data, nor in a folder of other things.
  const auto inside = run_program({"train", "--family", "lewm", "--data", set, "--out", set + "/run"});
  EXPECT_EQ(inside.exit_code, 1);
  EXPECT_TRUE(says(inside.err, "lies in"));
  fs::create_directory(folder / "mine");
  write_file(folder / "mine" / "notes.txt", "mine");
  const auto mine = run_program({"train", "--family", "lewm", "--preset", "lewm-s64", "--data", episodes().string(),
                                 "--set", "model.vit.image_size=16", "--out", (folder / "mine").string()});
  EXPECT_EQ(mine.exit_code, 1);
  EXPECT_TRUE(says(mine.err, "not a training run"));
  EXPECT_FALSE(says(mine.err, "--overwrite")) << "trainings do not take it";
  EXPECT_EQ(count_entries(folder / "mine"), 1);
}

TEST(Outputs, APartsFolderOfSomebodyElseIsKept) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "c.h5.parts");
  write_file(folder / "c.h5.parts" / "notes.txt", "mine");
  const auto refused = run_program(
      {"data", "collect", "--env", "two_room", "--episodes", "2", "--size", "16", "--out", (folder / "c.h5").string()});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_TRUE(says(refused.err, "c.h5.parts"));
  EXPECT_EQ(read_file(folder / "c.h5.parts" / "notes.txt"), "mine");
  EXPECT_EQ(count_entries(folder.path()), 1);
}

/// Runs the program under the shell: for what a shell does with streams.
int shell(const std::string& command) {
  const int status = std::system(("P='" + program_path().string() + "'; " + command).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(Outputs, TwoProcessesOnOneOutputDoNotMeet) {
  const TemporaryFolder folder;
  const std::string out = "'" + (folder / "c.h5").string() + "'";
  const std::string command =
      "\"$P\" data collect --env two_room --episodes 60 --size 64 --threads 1 --out " + out + " 2>/dev/null";
  EXPECT_EQ(shell("(" + command + "; echo $? >" + out + ".1) & (" + command + "; echo $? >" + out + ".2) & wait"), 0);
  const std::string codes = read_file(folder / "c.h5.1") + read_file(folder / "c.h5.2");
  EXPECT_TRUE(codes == "0\n1\n" || codes == "1\n0\n") << codes;
  EXPECT_EQ(run_program({"data", "convert", "--input", (folder / "c.h5").string(), "--format", "npz", "--output",
                         (folder / "x.npz").string()})
                .exit_code,
            0);
}

TEST(Outputs, ClosedStreamsNeverReachAFile) {
  const TemporaryFolder folder;
  const std::string convert = "\"$P\" data convert --format npz --input '" + episodes().string() + "' --output ";
  const auto name = [&](const std::string& file) { return (folder / file).string(); };
  ASSERT_EQ(shell(convert + "'" + name("open.npz") + "' 2>/dev/null"), 0);
  int number = 0;
  for (const char* closed : {"2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-", "0<&-"}) {
    const std::string file = name(std::to_string(number++) + ".npz");
    EXPECT_EQ(shell(convert + "'" + file + "' " + closed + (std::string(closed) == "0<&-" ? " 2>/dev/null" : "")), 0)
        << closed;
    EXPECT_EQ(read_file(file), read_file(name("open.npz"))) << closed;
  }
}

TEST(Outputs, AResultThatCannotBePrintedIsAnError) {
  const std::string inspect = "\"$P\" inspect tools/assets/two_room ";
  EXPECT_EQ(shell(inspect + ">/dev/null"), 0);
  EXPECT_EQ(shell(inspect + ">/dev/full 2>/dev/null"), 1);
  EXPECT_EQ(shell(inspect + "--json >/dev/full 2>/dev/null"), 1);
  EXPECT_EQ(shell(inspect + ">&- 2>/dev/null"), 1);
  // The reason is said, of JSON too.
  for (const char* form : {"", "--json "}) {
    EXPECT_EQ(shell(inspect + form + "2>&1 >/dev/full | grep -q 'No space left'"), 0) << form;
    EXPECT_EQ(shell(inspect + form + "2>&1 >&- | grep -q 'it is closed'"), 0) << form;
  }
  EXPECT_EQ(shell("\"$P\" --help >/dev/full 2>/dev/null"), 1);
  // Messages that nobody can read do not end the program otherwise than it would end.
  EXPECT_EQ(shell("\"$P\" inspect nothing 2>/dev/full"), 1);
  EXPECT_EQ(shell("\"$P\" inspect nothing 2>&-"), 1);
  EXPECT_EQ(shell("\"$P\" nonsense 2>/dev/full"), 1);
}

TEST(Outputs, AReaderThatGoesAwayEndsTheProgramQuietly) {
  const TemporaryFolder folder;
  const std::string err = "'" + (folder / "err").string() + "'";
  EXPECT_EQ(shell("\"$P\" config pretrain 2>" + err + " | true"), 0);
  EXPECT_EQ(read_file(folder / "err"), "");
}

TEST(Outputs, SafetensorsHeadersOfEveryLengthAreRead) {
  const TemporaryFolder folder;
  for (const size_t length : {0x60u, 0x80u, 0x88u, 0x280u, 0x580u, 0x1080u}) {
    std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    header.resize(length, ' ');
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(length & 0xff);
    bytes[1] = static_cast<char>(length >> 8);
    const fs::path file = folder / "model.safetensors";
    write_file(file, bytes + header + std::string(4, '\0'));
    const auto shown = run_program({"inspect", file.string(), "--json"});
    ASSERT_EQ(shown.exit_code, 0) << length << ": " << shown.err;
    EXPECT_EQ(nlohmann::json::parse(shown.out).at("count"), 1);
  }
}

}  // namespace
}  // namespace foresee::tests
