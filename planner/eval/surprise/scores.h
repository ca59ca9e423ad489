#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "jepa/core/api/job.h"
#include "jepa/core/statistics/proportions.h"
#include "jepa/model/world_model.h"
#include "planner/eval/surprise/violations.h"

namespace foresee::planner {

/// What three measures say of each step of B clips: float [B, T - 1] each, on the CPU.
struct StepScores {
  Tensor surprise;       // mean square difference of the predicted latent and the encoding of what then is seen
  Tensor latent_change;  // the same of two encodings in a row, without a prediction
  Tensor pixels;         // the same of two pictures in a row, of values 0 .. 1
};

/// Scores clips step by step. Each prediction goes one action block ahead, from up to kSurpriseHistory pictures.
/// @param pictures  uint8 [B, T, 3, S, S]. @param actions  [B, (T - 1) * block, A], environment units.
StepScores step_scores(const WorldModel& model, const Tensor& pictures, const Tensor& actions);
inline constexpr int64_t kSurpriseHistory = 3;  // pictures, as plans look back

/// How often the changed episode of a pair has the larger largest score. Ties are decided by a coin.
struct PairRates {
  SuccessRate surprise, latent_change, pixels;
};

/// Mean surprise of the steps around the violation; offset 0 is the step into the first changed picture.
struct SurpriseCurve {
  std::vector<int64_t> offsets;
  std::vector<double> changed, unchanged;
};

struct ViolationScores {
  PairRates rates;
  SurpriseCurve curve;
};

/// Judges pairs 0 .. count - 1 of one kind. @param control  asked before every group of pairs.
/// @throws Interrupted where it is stopped.
ViolationScores score_violations(const WorldModel& model, const std::string& env, const ViolationSpec& spec,
                                 int64_t count, uint64_t seed, const JobControl& control = {});

}  // namespace foresee::planner
