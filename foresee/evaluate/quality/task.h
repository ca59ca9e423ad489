#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/episode/dataset.h"
#include "jepa/core/config.h"

namespace foresee {

/// What a task asks of the state, and how much protocol quality measures.
struct QualityConfig {
  std::string state{};              // column that holds the true state; empty: the environment's
  std::vector<int64_t> numbers{};   // of it, that the task is judged by; empty: all
  double tolerance = 0;             // distance that still counts as reached, the column's unit; 0: the environment's
  std::vector<int64_t> nuisance{};  // numbers that move the picture and that the task ignores
  bool largest = false;             // distance: the largest difference instead of the Euclidean norm
  int64_t horizon = 5;              // action blocks of a plan
  int64_t longest = 0;              // blocks of the longest roll-out; 0: 15, in Two-Room 8
  int64_t clips = 512;              // open-loop roll-outs
  int64_t windows = 1500;           // one-step predictions
  int64_t anchors = 64;             // starts of searches; half of them for influence
  int64_t drift_steps = 200;        // imagined blocks; token models take at most four horizons
};
void describe(Fields& fields, QualityConfig& config);

/// Fills in what the environment says. @param env  its name; empty: recognised by the columns, where they tell it.
/// @returns the environment's name; empty: not known. @throws ConfigError for an unknown name or numbers that the
/// column has not.
std::string complete_task(QualityConfig& config, const std::string& env, const data::EpisodeDataset& dataset);

}  // namespace foresee
