#include "jepa/train/run_folder.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/support/full_disk.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

class RunFolderTest : public ::testing::Test {
 protected:
  static void save(RunFolder& run, int64_t step, const std::string& text = "weights", int64_t keep = 10) {
    run.save_checkpoint(step, keep, [&](const fs::path& folder) { write_file(folder / "w", text); });
  }
  /// A run in which training began.
  void begin() const { write_file(RunFolder(path_, config_).metrics_path(), "{}\n"); }
  std::string refusal_of_config(const ordered_json& config) const {
    return refusal_of<ConfigError>([&] { RunFolder(path_, config, later_); });
  }

  ordered_json config_{{"model", {{"depth", 6}, {"lr", 0.1}, {"name", "a"}, {"mean", {0.5, 0.25}}}},
                       {"loop", {{"steps", 100}, {"keep_checkpoints", 2}}},
                       {"threads", 2}};
  LaterKeys later_;
  TemporaryFolder folder_;
  fs::path path_ = folder_ / "a" / "run";
};

TEST_F(RunFolderTest, ANewRunHoldsItsConfigAndNoCheckpoint) {
  const RunFolder run(path_, config_);
  EXPECT_EQ(read_json(path_ / "config.json"), nlohmann::json(config_));
  EXPECT_FALSE(run.latest_step());
}

TEST_F(RunFolderTest, TheSameConfigOpensItAgain) {
  config_["model"]["lr"] = 1e-4 / 3;
  config_["model"]["nothing"] = std::nan("");  // null in the file
  begin();
  EXPECT_EQ(refusal_of_config(config_), "");
}

TEST_F(RunFolderTest, ACheckpointIsWhatWasWrittenAndTheLatestIsKnown) {
  RunFolder run(path_, config_);
  save(run, 9);
  save(run, 10, "later");
  EXPECT_EQ(run.latest_step(), 10);
  EXPECT_EQ(read_file(path_ / "latest"), "step-10\n");
  EXPECT_EQ(read_file(run.checkpoint_path(10) / "w"), "later");
  EXPECT_EQ(run.checkpoint_path(10), path_ / "checkpoints" / "step-10");
}

TEST_F(RunFolderTest, NamesTheFirstKeyThatDiffers) {
  begin();
  auto changed = config_;
  changed["model"]["depth"] = 4;
  changed["model"]["name"] = "b";
  EXPECT_TRUE(says(refusal_of_config(changed), "model.depth = 6, now it is 4"));
  changed = config_;
  changed["model"]["mean"] = {0.5, 0.5};
  EXPECT_TRUE(says(refusal_of_config(changed), "model.mean = [0.5,0.25], now it is [0.5,0.5]"));
  changed = config_;
  changed["model"]["extra"]["deep"] = true;
  EXPECT_TRUE(says(refusal_of_config(changed), "model.extra"));
  EXPECT_TRUE(says(refusal_of_config(changed), "not set"));
  changed = config_;
  changed["model"].erase("lr");
  EXPECT_TRUE(says(refusal_of_config(changed), "model.lr = 0.1, now it is not set"));
  EXPECT_EQ(read_json(path_ / "config.json"), nlohmann::json(config_));
}

TEST_F(RunFolderTest, StepsAndThreadsMayChangeAndAreRecorded) {
  begin();
  config_["loop"]["steps"] = 200;
  config_["loop"]["keep_checkpoints"] = 5;
  config_["threads"] = 8;
  EXPECT_EQ(refusal_of_config(config_), "");
  EXPECT_EQ(read_json(path_ / "config.json"), nlohmann::json(config_));
  // Fewer steps than were asked for before: what was learned came from the longer plan.
  const auto longer = config_;
  config_["loop"]["steps"] = 50;
  EXPECT_EQ(refusal_of_config(config_), "");
  EXPECT_EQ(read_json(path_ / "config.json"), nlohmann::json(longer));
  // A key of this name elsewhere is a setting like any other.
  config_["model"]["steps"] = 3;
  EXPECT_TRUE(says(refusal_of_config(config_), "model.steps"));
}

TEST_F(RunFolderTest, FallsBackToTheNewestCheckpointWithoutLatest) {
  RunFolder run(path_, config_);
  for (const int64_t step : {9, 100, 20}) save(run, step);
  EXPECT_EQ(run.latest_step(), 20);  // as the file says, also where it was edited to go back
  for (const char* text : {"", "step-", "step-7", "step-99999999999999999999", "nonsense"}) {
    write_file(path_ / "latest", text);
    EXPECT_EQ(run.latest_step(), 100) << text;
  }
  fs::remove(path_ / "latest");
  EXPECT_EQ(run.latest_step(), 100);
}

TEST_F(RunFolderTest, WhatIsNotACompleteCheckpointIsNone) {
  RunFolder run(path_, config_);
  for (const char* name : {".step-5.tmp-1", "step-6x", "step--6", "step", "other"})
    fs::create_directories(path_ / "checkpoints" / name);
  write_file(path_ / "checkpoints" / "step-7", "a file");
  EXPECT_FALSE(run.latest_step());
}

TEST_F(RunFolderTest, OpeningRemovesWhatAKillLeft) {
  {
    RunFolder run(path_, config_);
    save(run, 3);
    fs::create_directories(path_ / "checkpoints" / ".step-5.tmp-123");
    write_file(path_ / "checkpoints" / ".step-5.tmp-123" / "w", "half");
    write_file(path_ / ".latest.tmp-123", "half");
  }
  const RunFolder run(path_, config_);
  EXPECT_EQ(count_entries(path_ / "checkpoints"), 1);
  EXPECT_FALSE(fs::exists(path_ / ".latest.tmp-123"));
  EXPECT_EQ(run.latest_step(), 3);
}

TEST_F(RunFolderTest, KeepsTheNewestCheckpoints) {
  RunFolder run(path_, config_);
  for (int64_t step = 1; step <= 12; ++step) save(run, step, "w", /*keep=*/2);
  EXPECT_EQ(count_entries(path_ / "checkpoints"), 2);
  EXPECT_TRUE(fs::exists(run.checkpoint_path(11)) && fs::exists(run.checkpoint_path(12)));
}

TEST_F(RunFolderTest, ARolledBackRunKeepsWhatItJustWrote) {
  RunFolder run(path_, config_);
  for (const int64_t step : {10, 20, 30}) save(run, step);
  write_file(path_ / "latest", "step-10");
  save(run, 15, "w", /*keep=*/1);
  EXPECT_EQ(run.latest_step(), 15);
  EXPECT_FALSE(fs::exists(run.checkpoint_path(10)));
  save(run, 20, "new", /*keep=*/1);
  EXPECT_EQ(read_file(run.checkpoint_path(20) / "w"), "new");
}

TEST_F(RunFolderTest, AFailedCheckpointLeavesNothing) {
  RunFolder run(path_, config_);
  save(run, 1);
  EXPECT_THROW(run.save_checkpoint(2, 10,
                                   [](const fs::path& folder) {
                                     write_file(folder / "w", "half");
                                     throw std::runtime_error("broken");
                                   }),
               std::runtime_error);
  {
    const FullDisk full(100);
    EXPECT_THROW(save(run, 2, std::string(1000, 'x')), Error);
  }
  EXPECT_EQ(run.latest_step(), 1);
  EXPECT_EQ(count_entries(path_ / "checkpoints"), 1);
}

TEST_F(RunFolderTest, OneProcessAtATimeTrainsInIt) {
  auto first = std::make_unique<RunFolder>(path_, config_);
  const auto open = [&] { RunFolder(path_, config_); };
  EXPECT_TRUE(says(refusal_of<Error>(open), "another process"));
  first.reset();
  EXPECT_EQ(refusal_of<Error>(open), "");
}

TEST_F(RunFolderTest, AFolderOfAnotherKindIsLeftAsItIs) {
  fs::create_directories(path_);
  write_file(path_ / "config.json", R"({"family": "lewm", "model": {"depth": 6}})");
  EXPECT_NE(refusal_of_config(config_), "");
  EXPECT_FALSE(fs::exists(path_ / "checkpoints"));  // or it would be taken for a run
  write_file(path_ / "config.json", "no JSON");
  EXPECT_TRUE(says(refusal_of_config(config_), "not valid JSON"));
  write_file(folder_ / "file", "");
  EXPECT_TRUE(says(refusal_of<Error>([&] { RunFolder(folder_ / "file", config_); }), "cannot create"));
}

TEST_F(RunFolderTest, CheckpointsWithoutAConfigAreNotContinued) {
  {
    RunFolder run(path_, config_);
    save(run, 1);
  }
  fs::remove(path_ / "config.json");
  EXPECT_TRUE(says(refusal_of_config(config_), "no config.json"));
}

TEST_F(RunFolderTest, AFolderInWhichNothingWasTrainedIsNotLeftBehind) {
  { const RunFolder run(path_, config_); }
  EXPECT_FALSE(fs::exists(path_));
  fs::create_directories(path_);
  { const RunFolder run(path_, config_); }
  EXPECT_TRUE(fs::is_empty(path_)) << "the user's own empty folder stays";
  {
    RunFolder run(path_, config_);
    write_file(run.metrics_path(), "{}\n");
  }
  EXPECT_TRUE(fs::exists(path_ / "config.json"));
}

TEST_F(RunFolderTest, ACheckpointOfAnotherRunIsNotGoneOnFrom) {
  const fs::path other = folder_ / "other";
  {
    RunFolder run(path_, config_);
    save(run, 10);
    save(run, 20);
  }
  auto changed = config_;
  changed["model"]["depth"] = 12;
  {
    RunFolder run(other, changed);
    save(run, 20);
  }
  fs::remove_all(path_ / "checkpoints" / "step-20");
  fs::rename(other / "checkpoints" / "step-20", path_ / "checkpoints" / "step-20");
  config_["loop"]["steps"] = 500;  // does not change what a run is
  const RunFolder run(path_, config_);
  const LogCapture log;
  EXPECT_EQ(run.latest_step(), 20);
  EXPECT_EQ(run.sound_step(), 10);
  EXPECT_TRUE(says(log.text(), "another run"));
}

TEST_F(RunFolderTest, ARunOfAnEarlierVersionGoesOnAsItBegan) {
  static constexpr LaterKey kLater[] = {{"/loader/clip/rate", R"("frames")"}, {"/loader/colours", R"("exact")"}};
  later_ = kLater;
  config_ = {{"loader", {{"batch", 4}, {"clip", {{"frames", 16}}}}}};
  begin();
  EXPECT_EQ(earlier_settings(path_, later_),
            (nlohmann::json{{"loader", {{"clip", {{"rate", "frames"}}}, {"colours", "exact"}}}}));
  auto now = config_;
  now["loader"]["clip"]["rate"] = "frames";
  now["loader"]["colours"] = "exact";
  EXPECT_EQ(refusal_of_config(now), "");
  now["loader"]["colours"] = "swscale";
  EXPECT_TRUE(says(refusal_of_config(now), "loader.colours = \"exact\", now it is \"swscale\""));
  EXPECT_EQ(earlier_settings(folder_ / "new", later_), nlohmann::json::object());
}

}  // namespace
}  // namespace foresee
