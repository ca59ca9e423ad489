#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "jepa/core/api/job.h"
#include "jepa/core/api/read_options.h"
#include "planner/eval/evaluate.h"

namespace foresee::tools {

/// What `foresee demo` does.
struct DemoOptions {
  std::vector<std::filesystem::path> videos;  // files, folders, lists; empty: the clips that the set-up fetched
  std::filesystem::path model;                // world model of Two-Room; empty: the shipped one
  std::filesystem::path out = "runs/demo";
  uint64_t seed = 0;
  int64_t steps = 2500;   // of pretraining: about a minute and a half on two cores
  int64_t episodes = 20;  // of Two-Room, protocol near
  std::string device = "cpu";
  ReadOptions read{};  // of `model`
};

/// What was learned from video.
struct LearnedFromVideo {
  double skill_start = 0, skill = 0;                    // on held-out frames, before and after
  double effective_rank_start = 0, effective_rank = 0;  // of held-out target features
  int64_t steps = 0;                                    // that were done
  double elapsed_s = 0;
  std::filesystem::path run;                  // run folder
  std::vector<std::filesystem::path> videos;  // files that were used
  std::vector<std::string> left_out;          // "PATH: reason" of the files that were not
  std::string hold_out_rule;                  // one line
};

/// What a demo found; parts that an interruption cut off are absent.
struct DemoResult {
  std::optional<LearnedFromVideo> pretrain;
  std::optional<planner::EvalResult> two_room;
  double planning_s = 0;
  std::filesystem::path report;
  bool interrupted = false;
  std::string problem;  // what ended it early; empty: nothing
};

/// Learns from video, plans in Two-Room, writes OUT/report.html, OUT/pretrain (a run folder) and OUT/eval. Always
/// starts fresh: what an earlier demo left in OUT is replaced, nothing else is touched. After a stop or an
/// error the report holds what was finished, and says so. @throws Error before anything long begins: no clips, no
/// model, OUT that is not a folder of a demo.
DemoResult run_demo(const DemoOptions& options, const JobControl& control = {});

/// {"pretrain": {"skill_start", "skill", "steps", "effective_rank_start", "effective_rank"}, "two_room": as eval,
/// "report": PATH}; null for what an interruption cut off.
nlohmann::ordered_json to_json(const DemoResult& result);

}  // namespace foresee::tools
