// Claims about the demo: it prints and writes what it promises, starts fresh without touching what is not its own,
// refuses before it removes anything, and keeps what is done when it is interrupted.
#include "tools/demo/demo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "data/video/encode.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/output.h"
#include "jepa/core/torch.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"
#include "tools/demo/asset.h"
#include "tools/demo/demo_report.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Two clips of a bright square that moves over a slope of grey, and one file that is none.
fs::path write_clips(const TemporaryFolder& folder) {
  const fs::path clips = folder / "my clips";
  fs::create_directories(clips);
  for (int64_t v = 0; v < 2; ++v) {
    Tensor frames = at::arange(64).view({1, 1, 1, 64}).expand({60, 3, 64, 64}).to(at::kByte).contiguous();
    for (int64_t t = 0; t < 60; ++t)
      frames[t].slice(1, 20 + 10 * v, 36 + 10 * v).slice(2, t / 2, t / 2 + 16).fill_(250);
    data::write_video(clips / fmt::format("square {}.mp4", v), frames);
  }
  write_file(clips / "broken.mp4", "this is no video");
  return clips;
}

std::vector<std::string> keys(const nlohmann::ordered_json& object) {
  std::vector<std::string> names;
  for (const auto& item : object.items()) names.push_back(item.key());
  return names;
}

TEST(Demo, LearnsPlansAndReports) {
  const TemporaryFolder folder;
  DemoOptions options;
  options.videos = {write_clips(folder)};
  options.out = folder / "out";
  options.steps = 2;
  options.episodes = 1;
  // What an earlier demo left is replaced, other files stay.
  fs::create_directories(options.out / "pretrain" / "checkpoints" / "step-9");
  write_file(options.out / "pretrain" / "config.json", "{}");
  write_file(options.out / "report.html", "old");
  write_file(options.out / "mine.txt", "keep");
  write_output_marker(options.out, "demo");

  const auto json = to_json(run_demo(options));
  EXPECT_THAT(keys(json), ElementsAre("pretrain", "two_room", "report"));
  EXPECT_THAT(keys(json["pretrain"]),
              ElementsAre("skill_start", "skill", "steps", "effective_rank_start", "effective_rank"));
  EXPECT_THAT(keys(json["two_room"]),
              ElementsAre("env", "protocol", "seed", "success", "excluded_solved", "planning_ms", "flags", "paired",
                          "steps_to_success", "distance", "overlap"));
  EXPECT_EQ(json["pretrain"]["steps"], 2);
  EXPECT_LT(json["pretrain"]["skill_start"].get<double>(), 1);
  EXPECT_GE(json["pretrain"]["effective_rank"].get<double>(), 1);
  EXPECT_EQ(json["two_room"]["protocol"], "near");
  for (const char* method : {"planner", "random", "noop"}) EXPECT_EQ(json["two_room"]["success"][method]["n"], 1);

  EXPECT_EQ(json["report"], (options.out / "report.html").string());
  const std::string html = read_file(options.out / "report.html");
  for (const char* part : {"broken.mp4", "Skill on held-out frames", "features before training", "square 0.mp4",
                           "Planning to a goal picture", "failures first", "<th scope=\"row\">command</th>"})
    EXPECT_THAT(html, HasSubstr(part));
  EXPECT_THAT(html, Not(HasSubstr("interrupted")));
  EXPECT_EQ(read_file(options.out / "mine.txt"), "keep");
  EXPECT_FALSE(fs::exists(options.out / "pretrain" / "checkpoints" / "step-9"));
  EXPECT_TRUE(fs::exists(options.out / "eval" / "results.json"));
}

TEST(Demo, RefusesBeforeItRemovesAnything) {
  const TemporaryFolder folder;
  DemoOptions options;
  options.out = folder / "out";
  fs::create_directories(options.out);
  write_file(options.out / "report.html", "old");
  fs::create_directories(folder / "empty");

  options.videos = {folder / "empty"};
  EXPECT_TRUE(says(refusal_of<DataError>([&] { run_demo(options); }), "no video in this folder"));
  options.videos = {write_clips(folder) / "broken.mp4"};
  EXPECT_TRUE(says(refusal_of<DataError>([&] { run_demo(options); }), "broken.mp4"));
  options.videos = {folder / "my clips"};
  options.model = folder / "no model";
  EXPECT_TRUE(says(refusal_of<Error>([&] { run_demo(options); }), "no model"));
  options.model.clear();
  fs::create_directories(options.out / "pretrain");
  write_file(options.out / "pretrain" / "thesis.txt", "precious");
  EXPECT_TRUE(says(refusal_of<Error>([&] { run_demo(options); }), "did not make it"));

  EXPECT_EQ(read_file(options.out / "report.html"), "old");
  EXPECT_EQ(read_file(options.out / "pretrain" / "thesis.txt"), "precious");
}

TEST(Demo, KeepsWhatIsDoneAtCtrlC) {
  const TemporaryFolder folder;
  const fs::path out = folder / "out", clips = write_clips(folder);
  const auto outcome =
      tests::run_program({"demo", "--json", "--steps", "100000", "--video", clips.string(), "--out", out.string()},
                         {.signal = SIGINT, .when_exists = out / "pretrain" / "metrics.jsonl", .after_ms = 300});
  EXPECT_EQ(outcome.exit_code, 128 + SIGINT) << outcome.err;
  const auto json = nlohmann::ordered_json::parse(outcome.out);
  EXPECT_TRUE(json["pretrain"].is_object());
  EXPECT_TRUE(json["two_room"].is_null());
  EXPECT_THAT(read_file(out / "report.html"), HasSubstr("The demo was interrupted"));
  EXPECT_TRUE(fs::exists(out / "pretrain" / "latest"));
}

TEST(Demo, ReportNamesWhatEndedItEarly) {
  const std::string html = demo_report({}, {.problem = "the disk is <full>"}).html();
  EXPECT_THAT(html, HasSubstr("ended early"));
  EXPECT_THAT(html, HasSubstr("the disk is &lt;full&gt;"));
}

TEST(Demo, FindsWhatComesWithTheProgram) {
  EXPECT_TRUE(fs::exists(shipped_two_room_model() / "model.safetensors"));
  EXPECT_FALSE(find_asset("no/such/asset").has_value());
  const TemporaryFolder home;
  fs::create_directories(home.path() / "tools" / "assets" / "two_room");
  ASSERT_EQ(::setenv("FORESEE_HOME", home.path().c_str(), 1), 0);
  EXPECT_EQ(shipped_two_room_model(), home.path() / "tools" / "assets" / "two_room");
  fs::create_directories(home.path() / "tools" / "assets" / "encoder");
  EXPECT_EQ(shipped_encoder(), home.path() / "tools" / "assets" / "encoder");
  ::unsetenv("FORESEE_HOME");
}

}  // namespace
}  // namespace foresee::tools
