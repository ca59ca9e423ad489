#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "foresee/evaluate.h"
#include "foresee/evaluate/surprise/pair_sets.h"

namespace foresee {

/// A set and what a witness said of it.
struct JudgedPairs {
  PairSet set;
  planner::ViolationScores scores;
};

/// Rates and curves by kind: sets of one kind, which are neighbours, are pooled.
std::vector<SurpriseEvaluation::Kind> kinds_of(const std::vector<JudgedPairs>& judged);

/// A row a pair: {"kind", "distance"?, "pair", "found", "changed": [surprise of every window], "unchanged": [...]}.
nlohmann::ordered_json pairs_json(const std::vector<JudgedPairs>& judged);

/// Draws pairs into FOLDER/strips: first those that were not told, of every set in turn, then the others.
/// @returns their names below the folder: "strips/teleport_20px_003_failure.png". @throws Error.
std::vector<std::filesystem::path> write_pair_strips(const std::filesystem::path& folder,
                                                     const std::vector<JudgedPairs>& judged,
                                                     const planner::Witness& witness, int64_t strips);

}  // namespace foresee
