// However a run is broken off, the same call again ends with the same weights and the same metrics, bit for bit.
#include "jepa/train/loop.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/jepa/train/toy_task.h"
#include "tests/support/full_disk.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

constexpr LoopConfig kConfig{
    .steps = 30, .checkpoint_every = 10, .keep_checkpoints = 2, .evaluate_every = 7, .log_every = 3};

nlohmann::ordered_json run_config(const LoopConfig& loop) { return {{"loop", config_json(loop)}}; }

LoopEnd run_toy(const fs::path& path, ToyTask& task, const LoopConfig& config = kConfig,
                const JobControl& control = {}) {
  RunFolder run(path, run_config(config));
  return run_loop(task, config, run, control);
}

/// The rows of metrics.jsonl as text, without the time.
std::vector<std::string> rows_of(const fs::path& run) {
  std::vector<std::string> rows;
  for (const auto& [step, metrics] : read_metrics(run / "metrics.jsonl")) {
    rows.push_back(fmt::format("step {}", step));
    for (const auto& [name, value] : metrics)
      if (name != "step_ms") rows.back() += fmt::format(" {} {}", name, value);
  }
  return rows;
}

class LoopTest : public ::testing::Test {
 protected:
  /// One run that nothing disturbs.
  static void SetUpTestSuite() {
    at::set_num_threads(1);  // forked processes have none of the parent's threads
    reference_folder_ = std::make_unique<TemporaryFolder>();
    reference_ = std::make_unique<ToyTask>();
    run_toy(*reference_folder_ / "run", *reference_);
  }
  static void TearDownTestSuite() {
    reference_folder_.reset();
    reference_.reset();
  }

  /// The run in run_ is what the undisturbed one is.
  void expect_like_reference(const ToyTask& task) const {
    EXPECT_TRUE(at::equal(task.weight(), reference_->weight()));
    for (const auto& [name, tensor] : reference_->optimizer_state())
      EXPECT_TRUE(at::equal(task.optimizer_state().at(name), tensor)) << name;
    EXPECT_EQ(rows_of(run_), rows_of(*reference_folder_ / "run"));
    for (const char* file : {"latest", "config.json", "checkpoints/step-30/model.safetensors"})
      EXPECT_EQ(read_file(run_ / file), read_file(*reference_folder_ / "run" / file)) << file;
    EXPECT_EQ(count_entries(run_ / "checkpoints"), kConfig.keep_checkpoints);
  }

  /// Trains in a forked process until it ends. @returns its status as of waitpid.
  int train_in_child(ToyTask& task, useconds_t kill_after_us = 0) const {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        run_toy(run_, task);
      } catch (...) {
        ::_exit(2);
      }
      ::_exit(0);
    }
    if (kill_after_us > 0) {
      ::usleep(kill_after_us);
      ::kill(child, SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }

  static inline std::unique_ptr<TemporaryFolder> reference_folder_;
  static inline std::unique_ptr<ToyTask> reference_;
  TemporaryFolder folder_;
  fs::path run_ = folder_ / "run";
};

TEST_F(LoopTest, TrainsEvaluatesAndSavesWhenItSays) {
  const auto run = *reference_folder_ / "run";
  std::vector<int64_t> train_steps, evaluation_steps;
  for (const auto& [step, metrics] : read_metrics(run / "metrics.jsonl"))
    (std::isnan(metric(metrics, "loss")) ? evaluation_steps : train_steps).push_back(step);
  EXPECT_EQ(train_steps, (std::vector<int64_t>{3, 6, 9, 12, 15, 18, 21, 24, 27, 30}));
  EXPECT_EQ(evaluation_steps, (std::vector<int64_t>{0, 7, 14, 21, 28, 30}));
  EXPECT_EQ(reference_->evaluations, 6);
  EXPECT_TRUE(fs::exists(run / "checkpoints/step-20") && fs::exists(run / "checkpoints/step-30"));
  EXPECT_EQ(count_entries(run / "checkpoints"), 2);
  const auto rows = read_metrics(run / "metrics.jsonl");
  EXPECT_LT(metric(rows.back().second, "distance"), metric(rows.front().second, "distance"));
}

TEST_F(LoopTest, AFinishedRunIsLeftAlone) {
  ToyTask first, second;
  run_toy(run_, first);
  EXPECT_EQ(run_toy(run_, second), LoopEnd::kFinished);
  EXPECT_EQ(second.started_at, -1);
  expect_like_reference(first);
}

TEST_F(LoopTest, AnExceptionAtAnyStepCostsNothing) {
  for (const int64_t bad_step : {0, 1, 9, 10, 11, 20, 29}) {
    fs::remove_all(run_);
    ToyTask broken, task;
    broken.before_step = [&](int64_t step) {
      if (step == bad_step) throw std::runtime_error("broken");
    };
    EXPECT_THROW(run_toy(run_, broken), std::runtime_error);
    EXPECT_EQ(run_toy(run_, task), LoopEnd::kFinished);
    EXPECT_EQ(task.started_at, bad_step / 10 * 10);
    expect_like_reference(task);
  }
}

TEST_F(LoopTest, AnInterruptedRunSavesAndContinuesWhereItWas) {
  for (const int64_t stop_at : {0, 1, 7, 10, 13, 21, 29}) {
    fs::remove_all(run_);
    ToyTask interrupted, task;
    StopAfter stop(stop_at);
    EXPECT_EQ(run_toy(run_, interrupted, kConfig, stop.control()), LoopEnd::kInterrupted);
    EXPECT_EQ(stop.updates.back().done, stop_at);
    EXPECT_EQ(stop.updates.back().total, kConfig.steps);
    EXPECT_FALSE(stop.updates.back().finished);
    EXPECT_TRUE(fs::exists(run_ / "checkpoints" / fmt::format("step-{}", stop_at)));
    EXPECT_EQ(run_toy(run_, task), LoopEnd::kFinished);
    EXPECT_EQ(task.started_at, stop_at);
    EXPECT_EQ(interrupted.evaluations + task.evaluations, reference_->evaluations) << "an evaluation came twice";
    expect_like_reference(task);
  }
}

TEST_F(LoopTest, TheCheckpointThatACallEndsWithIsFinished) {
  const auto train_until = [&](int64_t stop_after) {
    ToyTask task;
    StopAfter stop(stop_after);
    RunFolder run(run_, run_config(kConfig));
    run_loop(task, kConfig, run, stop.control(), [](const fs::path& folder) { write_file(folder / "more", "yes"); });
    std::vector<int64_t> finished;
    for (const int64_t step : {3, 10, 20, 30})
      if (fs::exists(run.checkpoint_path(step) / "more")) finished.push_back(step);
    return finished;
  };
  EXPECT_EQ(train_until(3), (std::vector<int64_t>{3}));
  EXPECT_EQ(train_until(7), (std::vector<int64_t>{3, 10})) << "a stop at a step that saves anyway";
  EXPECT_EQ(train_until(-1), (std::vector<int64_t>{30})) << "two are kept, of which 20 is one on the way";
}

TEST_F(LoopTest, ARunInterruptedAtEveryStepIsStillTheSameRun) {
  ToyTask last;
  for (int64_t step = 0; step < kConfig.steps; ++step) {
    ToyTask task;
    StopAfter stop(1);
    ASSERT_EQ(run_toy(run_, task, kConfig, stop.control()),
              step + 1 < kConfig.steps ? LoopEnd::kInterrupted : LoopEnd::kFinished);
    if (step + 1 == kConfig.steps) last = task;
  }
  expect_like_reference(last);
}

TEST_F(LoopTest, AProcessKilledInAStepResumes) {
  for (const int64_t fatal_step : {0, 5, 10, 23}) {
    fs::remove_all(run_);
    ToyTask doomed, task;
    doomed.before_step = [&](int64_t step) {
      if (step == fatal_step) ::raise(SIGKILL);
    };
    EXPECT_EQ(WTERMSIG(train_in_child(doomed)), SIGKILL);
    run_toy(run_, task);
    EXPECT_EQ(task.started_at, fatal_step / 10 * 10);
    expect_like_reference(task);
  }
}

TEST_F(LoopTest, AProcessKilledWhileWritingACheckpointResumesFromTheOneBefore) {
  ToyTask doomed, task;
  int saves = 0;
  doomed.amid_save = [&] {
    if (++saves == 2) ::raise(SIGKILL);
  };
  EXPECT_EQ(WTERMSIG(train_in_child(doomed)), SIGKILL);
  EXPECT_EQ(count_entries(run_ / "checkpoints"), 2);  // step-10 and half of step-20 under another name
  run_toy(run_, task);
  EXPECT_EQ(task.started_at, 10);
  expect_like_reference(task);
}

TEST_F(LoopTest, AProcessKilledAgainAndAgainAtAnyMomentResumes) {
  RandomSequence random(Random(3, Stream::kTest));
  int kills = 0;
  for (int i = 0; i < 20; ++i) {
    ToyTask doomed;
    doomed.before_step = [](int64_t) { ::usleep(300); };
    const int status = train_in_child(doomed, static_cast<useconds_t>(random.uniform(500, 8'000)));
    kills += WIFSIGNALED(status);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << status;
  }
  EXPECT_GE(kills, 1);
  ToyTask task;
  run_toy(run_, task);
  if (task.started_at < 0) task.load(run_ / "checkpoints" / "step-30");  // a child was quick enough
  expect_like_reference(task);
}

TEST_F(LoopTest, AFullDiskKeepsTheLastCheckpointAndIsNamed) {
  ToyTask poor, task;
  std::unique_ptr<FullDisk> full;
  poor.before_step = [&](int64_t step) {
    if (step == 15) full = std::make_unique<FullDisk>(2000);  // enough for a row of metrics, not for the weights
  };
  const auto message = refusal_of<CheckpointError>([&] { run_toy(run_, poor); });
  full.reset();
  EXPECT_TRUE(says(message, "checkpoint step-20 was not written"));
  EXPECT_TRUE(says(message, (run_ / "checkpoints" / "step-10").string()));
  EXPECT_EQ(count_entries(run_ / "checkpoints"), 1);
  run_toy(run_, task);
  EXPECT_EQ(task.started_at, 10);
  expect_like_reference(task);
}

TEST_F(LoopTest, ALossThatIsNotFiniteEndsTheRunAndNamesTheStep) {
  for (const double factor : {std::nan(""), HUGE_VAL}) {
    fs::remove_all(run_);
    ToyTask broken, task;
    broken.before_step = [&](int64_t step) {
      if (step == 20) broken.loss_factor = factor;
    };
    const auto message = refusal_of<Error>([&] { run_toy(run_, broken); });
    EXPECT_TRUE(says(message, "step 20"));
    EXPECT_TRUE(says(message, (run_ / "checkpoints" / "step-20").string()));
    run_toy(run_, task);
    expect_like_reference(task);
  }
}

TEST_F(LoopTest, MoreStepsContinueAFinishedRun) {
  LoopConfig shorter = kConfig;
  shorter.steps = 20;
  ToyTask first, second;
  run_toy(run_, first, shorter);
  run_toy(run_, second);
  EXPECT_EQ(second.started_at, 20);
  EXPECT_TRUE(at::equal(second.weight(), reference_->weight()));
  EXPECT_EQ(read_json(run_ / "config.json")["loop"]["steps"], 30);
}

TEST(LoopConfig, RefusesStepsBelowOne) {
  EXPECT_THROW(parse_config<LoopConfig>({{"steps", 0}}, "loop"), ConfigError);
  EXPECT_THROW(parse_config<LoopConfig>({{"checkpoint_every", 0}}, "loop"), ConfigError);
  EXPECT_EQ(parse_config<LoopConfig>({{"steps", 1e5}}, "loop").steps, 100'000);
}

TEST_F(LoopTest, GoesBackToTheCheckpointBeforeADamagedOne) {
  ToyTask first;
  LoopConfig until_20 = kConfig;
  until_20.steps = 20;
  run_toy(run_, first, until_20);
  for (const char* file : {"model.safetensors", "optimizer.safetensors"}) {
    const fs::path damaged = run_ / "checkpoints" / "step-20" / file;
    std::string bytes = read_file(damaged);
    bytes.back() = static_cast<char>(bytes.back() ^ 64);
    write_file(damaged, bytes);
    const LogCapture log;
    ToyTask again;
    run_toy(run_, again);
    EXPECT_TRUE(says(log.text(), "step-20 is damaged: "));
    EXPECT_EQ(again.started_at, 10) << file;
    expect_like_reference(again);
    if (std::string(file) == "model.safetensors") {
      fs::remove_all(run_);
      ToyTask once_more;
      run_toy(run_, once_more, until_20);
    }
  }
}

}  // namespace
}  // namespace foresee
