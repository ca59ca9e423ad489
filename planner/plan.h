#pragma once

#include <vector>

#include "jepa/core/tensor.h"

namespace foresee::planner {

/// Why a search ended: all iterations ran, it had settled, or there was no time for another iteration.
enum class Stop { kIterations, kConverged, kDeadline };

/// What a search found.
struct Plan {
  Tensor blocks;                       // float [B, H, D], normalised action blocks
  Tensor cost;                         // float [B], what the blocks themselves cost
  Tensor elite_cost;                   // float [B], mean cost of the last iteration's elites
  Tensor best;                         // float [B, H, D], the cheapest candidate of the whole search
  Tensor best_cost;                    // float [B], what it cost
  Tensor violation;                    // float [B], how far the plan exceeds its constraints; undefined without
  std::vector<double> trace;           // mean over B of the best cost, per iteration
  int64_t iterations = 0;              // that ended, of the problem that had most
  Stop stopped = Stop::kIterations;    // of that problem
  std::vector<int64_t> iterations_of;  // [B]
  std::vector<Stop> stopped_of;        // [B]
  int64_t not_finite = 0;              // costs of candidates that were no finite numbers
  double elapsed_ms = 0;
};

}  // namespace foresee::planner
