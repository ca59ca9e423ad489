// Claims: an evaluation that was killed goes on after the last whole line and ends with the same trials, what is left
// of another evaluation is not used, and nothing is left where no trial was played.
#include "planner/eval/journal.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "jepa/core/files/file.h"
#include "planner/eval/evaluate.h"
#include "tests/support/log_capture.h"
#include "tests/support/temporary_folder.h"

namespace foresee::planner {
namespace {

namespace fs = std::filesystem;

EvalConfig played() {
  EvalConfig config;
  config.methods = {"random", "expert"};
  config.floors = false;
  config.episodes = 6;
  config.protocol = Protocol::kFar;
  return config;
}

EvalResult played_with(TrialJournal* journal) { return evaluate(played(), 3, nullptr, {}, {.journal = journal}); }

/// All that was played, as text: every number of it.
std::string rows_of(const EvalResult& result, const fs::path& folder) {
  save_results(folder, played(), result, nullptr);
  return read_file(folder / "results.json");
}

TEST(TrialJournal, AKilledEvaluationEndsWithTheSameTrials) {
  const TemporaryFolder folder;
  const fs::path path = folder / "trials";
  const std::string whole = rows_of(played_with(nullptr), folder / "whole");
  {
    TrialJournal journal(path, "a");
    EXPECT_FALSE(fs::exists(path)) << "nothing was played";
    played_with(&journal);
  }
  const std::string text = read_file(path);
  for (const double share : {0.2, 0.5, 0.9}) {
    SCOPED_TRACE(share);
    write_file(path, text.substr(0, static_cast<size_t>(share * static_cast<double>(text.size()))));  // killed there
    TrialJournal journal(path, "a");
    EXPECT_GT(journal.kept(), 0);
    EXPECT_LT(journal.kept(), 12);
    EXPECT_EQ(rows_of(played_with(&journal), folder / std::to_string(share)), whole);
    EXPECT_EQ(TrialJournal(path, "a").kept(), 12) << "and is whole again";
    journal.remove();
    EXPECT_FALSE(fs::exists(path));
  }
}

TEST(TrialJournal, PlaysNoKeptTrialAgain) {
  const TemporaryFolder folder;
  TrialJournal journal(folder / "trials", "a");
  journal.add("random", 2, {{.start = 2, .success = true, .steps = 77, .distances = {5, 0}, .path = {{1, 2}, {3, 4}}}});
  TrialJournal again(folder / "trials", "a");
  const EvalResult result = played_with(&again);
  EXPECT_EQ(result.find("random")->trials[2].steps, 77);
  EXPECT_NE(result.find("expert")->trials[2].steps, 77);
  again.begin(1);
  EXPECT_FALSE(again.find("random", 2)) << "another evaluation of the sweep";
}

TEST(TrialJournal, WhatIsLeftOfAnotherEvaluationIsDropped) {
  const TemporaryFolder folder;
  {
    TrialJournal journal(folder / "trials", "a");
    played_with(&journal);
  }
  const LogCapture log;
  TrialJournal other(folder / "trials", "b");
  EXPECT_EQ(other.kept(), 0);
  EXPECT_NE(log.text().find("other settings"), std::string::npos);
  other.add("random", 0, {});
  EXPECT_EQ(TrialJournal(folder / "trials", "a").kept(), 0);
}

}  // namespace
}  // namespace foresee::planner
