#pragma once

#include <vector>

#include "foresee/evaluate.h"

namespace foresee {

/// What the flags are judged by; NaN: not known, and no flag.
struct QualitySigns {
  double effective_rank = 0;      // of the latents
  int64_t width = 0;              // of a latent
  double between_rows = 1;        // share of the latents' squared norm that differs from row to row
  double action_sensitivity = 0;  // change of the prediction by other actions over the change of the world
  double training_error = 0;      // one block ahead, on training episodes
  double held_out_error = 0;      // the same on held-out ones
  double error_over_nothing = 0;  // one block ahead, over the error of "nothing changes"
  double calibration = 0;         // Spearman's correlation of latent and true distance, of rows near a goal
};

/// Every flag that the signs raise; none for a sound model.
std::vector<EvaluationFlag> quality_flags(const QualitySigns& signs);

}  // namespace foresee
