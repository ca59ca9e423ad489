#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "jepa/core/api/job.h"
#include "jepa/core/random.h"
#include "jepa/core/statistics/proportions.h"
#include "planner/eval/surprise/witness.h"

namespace foresee::planner {

/// How often the changed episode of a pair has the larger largest score. Ties are decided by a coin.
struct PairRates {
  SuccessRate surprise, latent_change, pixels;
};

/// Mean surprise around the violation. Offset 0 is the first window that holds a changed picture; where it is not known
/// when that is, the first of all.
struct SurpriseCurve {
  std::vector<int64_t> offsets;
  std::vector<double> changed, unchanged;
};

/// One pair: whether the surprise finds the changed episode, and its scores, window by window.
struct PairScores {
  bool found = false;
  std::vector<double> changed, unchanged;
};

struct ViolationScores {
  PairRates rates;
  SurpriseCurve curve;
  std::vector<PairScores> pairs;  // in order
};

/// Makes pair `index`, always the same one.
using PairMaker = std::function<ViolationPair(int64_t index)>;

/// Judges pairs 0 .. count - 1 of one kind. @param coins  decide ties. @param control  asked before every group of
/// pairs. @throws Interrupted where it is stopped, and what `pair` throws.
ViolationScores score_violations(const Witness& witness, const PairMaker& pair, int64_t count, const Random& coins,
                                 const JobControl& control = {});

}  // namespace foresee::planner
