#pragma once

#include "planner/eval/baselines/cloning.h"

namespace foresee {

/// How the network of method cloning is fitted.
struct CloningFit {
  int64_t steps = 1000;
  int64_t batch = 128;
  double learning_rate = 1e-3;  // AdamW, half a cosine
};

/// Goal-conditioned behaviour cloning with goals in hindsight (Ding et al. 2019, arXiv 1906.05838, section 3): a small
/// network from a picture and a later picture of the same episode to the action that was taken, by squared error of
/// normalised actions. No world model. @throws DataError where no row has an action; Interrupted.
planner::CloningFitter cloning_fitter(const CloningFit& fit = {});

}  // namespace foresee
