// Claims: damaged and hostile files end every command that reads them with one line and exit code 1, with little memory
// and nothing written (tests/fixtures/cases/program).
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "jepa/core/files/file.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"

namespace foresee::tests {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const fs::path kCases = "tests/fixtures/cases/program", kModel = "tools/assets/two_room";

/// Runs the command and checks that it refuses. @returns what it says.
std::string refusal(const Words& words) {
  const Outcome outcome = run_program(words, {.limit_s = 60});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;  // -1: a signal
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_LT(outcome.err.size(), 1000u);
  for (const char c : outcome.err) EXPECT_TRUE(c == '\n' || c < 0 || c >= ' ') << outcome.err;
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);  // the largest of all children so far
  EXPECT_LT(used.ru_maxrss, 1'000'000) << "KB of memory";
  return outcome.err;
}

std::string repeated(const std::string& part, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += part;
  return text;
}

const Words& deep_texts() {
  static const Words texts{repeated("[", 75'000) + repeated("]", 75'000),
                           repeated("{\"a\":", 60'000) + "1" + repeated("}", 60'000)};
  return texts;
}

TEST(Hostile, DeepConfigs) {
  const TemporaryFolder folder;
  for (const auto& text : deep_texts()) {
    write_file(folder / "config.json", text);
    EXPECT_TRUE(
        says(refusal({"pretrain", "--config", (folder / "config.json").string(), "--data", folder.path().string(),
                      "--preset", "vjepa2-nano", "--steps", "1", "--out", (folder / "run").string()}),
             "nested too deeply"));
    EXPECT_FALSE(fs::exists(folder / "run"));
  }
}

TEST(Hostile, ConfigsWithNumbersAndTextThatCannotBe) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& text) {
    write_file(folder / "config.json", text);
    return refusal({"pretrain", "--config", (folder / "config.json").string(), "--data", folder.path().string(),
                    "--preset", "vjepa2-nano", "--steps", "1", "--out", (folder / "run").string()});
  };
  EXPECT_TRUE(says(refused(R"({"loader": {"batch": 1e999}})"), "1e999"));
  EXPECT_TRUE(says(refused(R"({"loader": {"batch": 1e12}})"), "loader.batch"));
  EXPECT_TRUE(says(refused(R"({"loader": {"batch": "x"}})"), "expected a whole number"));
  EXPECT_TRUE(says(refused("{\"loader\": \"\xff\"}"), "not valid JSON"));
  EXPECT_TRUE(says(refused("[1]"), "expected an object"));
}

TEST(Hostile, DeepModelFolders) {
  const TemporaryFolder folder;
  fs::copy(kModel, folder / "model", fs::copy_options::recursive);
  const std::string picture = "docs/images/demo-report.png", model = (folder / "model").string();
  for (const auto& text : deep_texts()) {
    write_file(folder / "model/config.json", R"({"family": "lewm", "model": )" + text + "}");
    EXPECT_TRUE(says(refusal({"plan", "--model", model, "--obs", picture, "--goal", picture}), "nested too deeply"));
    EXPECT_TRUE(says(refusal({"inspect", model}), "nested too deeply"));
  }
}

/// The file itself, unpacked into `folder` where it is packed.
fs::path unpacked(const fs::path& file, const fs::path& folder) {
  if (file.extension() != ".gz") return file;
  const fs::path plain = folder / file.stem();
  const std::string unpack = "gzip -dc '" + file.string() + "' > '" + plain.string() + "'";
  EXPECT_EQ(std::system(unpack.c_str()), 0);
  return plain;
}

/// What a person may do with a recorded file, and a part of the refusal. @param out  a place for results.
std::vector<std::pair<Words, std::string>> calls_with(const fs::path& file, const fs::path& folder,
                                                      const std::string& out) {
  const std::string name = file.filename().string(), picture = "docs/images/demo-report.png";
  if (name.starts_with("config-nested"))
    return {{{"pretrain", "--config", file.string(), "--data", folder.string(), "--preset", "vjepa2-nano", "--steps",
              "1", "--out", out},
             "nested too deeply"}};
  if (name == "model-config-nested.json") {
    const std::string model = (folder / "model").string();
    fs::copy(kModel, model, fs::copy_options::recursive);
    fs::copy_file(file, folder / "model/config.json", fs::copy_options::overwrite_existing);
    return {{{"plan", "--model", model, "--obs", picture, "--goal", picture}, "nested too deeply"},
            {{"inspect", model}, "nested too deeply"},
            {{"eval", "--model", model, "--methods", "planner", "--episodes", "1"}, model},
            {{"export", "--model", model, "--format", "swm", "--out", out}, model}};
  }
  if (name == "path-bomb.pt") return {{{"inspect", file.string()}, "expected at most 4096"}};
  if (name.starts_with("hdf5-"))
    return {{{"data", "convert", "--input", file.string(), "--output", out + ".npz", "--format", "npz"}, file.string()},
            {{"data", "convert", "--input", file.string(), "--output", out, "--format", "folder"}, file.string()}};
  return {};
}

TEST(Hostile, EveryRecordedFileIsRefused) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(kCases)) {
    if (entry.path().filename() == "README.md") continue;
    SCOPED_TRACE(entry.path().string());
    const TemporaryFolder folder;
    const std::string out = (folder / "out").string();
    const auto calls = calls_with(unpacked(entry.path(), folder.path()), folder.path(), out);
    EXPECT_FALSE(calls.empty()) << "a new file needs a row in calls_with()";
    const auto before = count_entries(folder.path());
    for (const auto& [words, part] : calls) EXPECT_TRUE(says(refusal(words), part));
    EXPECT_EQ(count_entries(folder.path()), before) << "nothing is written";
    ++files;
  }
  EXPECT_GE(files, 7);
}

TEST(Hostile, AFullDiskDuringCollectIsAnErrorAndNoCrash) {
  const TemporaryFolder folder;
  for (const unsigned long limit : {5'000UL, 50'000UL, 200'000UL}) {
    const Outcome outcome = run_program({"data", "collect", "--env", "two_room", "--episodes", "20", "--size", "64",
                                         "--out", (folder / "a.h5").string()},
                                        {.file_limit_bytes = limit});
    EXPECT_EQ(outcome.exit_code, 1) << outcome.err;  // -1: a signal
    EXPECT_FALSE(fs::exists(folder / "a.h5"));
  }
}

TEST(Hostile, SizesBeyondEveryMachine) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& assignment) {
    return refusal({"pretrain", "--set", assignment, "--data", folder.path().string(), "--preset", "vjepa2-nano",
                    "--steps", "1", "--out", (folder / "run").string()});
  };
  EXPECT_TRUE(says(refused("loader.batch=1e12"), "loader.batch"));
  EXPECT_TRUE(says(refused("model.encoder.mlp_ratio=0"), "mlp_ratio"));
  EXPECT_TRUE(says(refused("model.encoder.image_size=4294967296"), "image_size"));
  EXPECT_TRUE(says(refused("model.predictor.mask_tokens=1e9"), "mask_tokens"));
  EXPECT_TRUE(says(refused("loader.workers=1e6"), "workers"));
  EXPECT_TRUE(says(refusal({"doctor", "--threads", "100000"}), "100000"));
  EXPECT_TRUE(says(refusal({"bench", "encode", "--batch", "1000000000000"}), "batch"));
  EXPECT_TRUE(says(refusal({"bench", "encode", "--model", "vit_tiny", "--batch", "1000000"}), "memory"));
  EXPECT_TRUE(says(refusal({"bench", "pretrain", "--batch", "1000000"}), "memory"));
  EXPECT_TRUE(says(refusal({"bench", "train", "--batch", "1000000"}), "memory"));
  EXPECT_TRUE(says(refusal({"bench", "rollout", "--horizons", "1000000000"}), "horizons"));
}

}  // namespace
}  // namespace foresee::tests
