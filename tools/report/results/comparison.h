#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "jepa/core/statistics/proportions.h"
#include "tools/report/document.h"

namespace foresee::report {

/// One rate of two evaluations.
struct ComparedRate {
  std::string name;  // method, factor or kind of violation; "planner:cem, planner:mppi" where they differ
  SuccessRate first, second;
  Difference difference;                    // first - second
  std::optional<double> p{};                // of starts in pairs: McNemar's exact test
  int64_t first_only = 0, second_only = 0;  // starts that one of them alone solves
};

/// Two evaluations side by side, and what the data allow to say.
struct ResultComparison {
  std::string first, second;          // folders
  std::vector<ComparedRate> rates{};  // the one that is judged first
  std::string better{};               // "first", "second", or empty: not told apart
  std::string verdict{};              // in a sentence or two
};

/// Compares two evaluations of one protocol. Success in an environment is compared start by start (Newcombe's paired
/// interval, McNemar's exact test); other rates as independent ones, which is cautious where the clips are the same.
/// @throws Error naming the keys that differ, where protocol, environment, seed, budget, starts, ... are not the same,
/// or for a protocol without rates.
ResultComparison compare_results(const std::filesystem::path& first, const std::filesystem::path& second);

nlohmann::ordered_json comparison_json(const ResultComparison& found);

/// One page of it.
Report comparison_report(const ResultComparison& found);

}  // namespace foresee::report
