#pragma once

#include <string>
#include <vector>

#include "jepa/core/statistics/paired.h"
#include "planner/eval/evaluate.h"

namespace foresee::planner {

/// One method beside another on the starts that both have finished.
struct Comparison {
  std::string first, second;  // methods
  PairedOutcomes outcomes;
  Difference difference;  // of their success rates, paired_difference()
  double p = 1;           // mcnemar_p()
};

/// The planner (without it the inverse-dynamics head) beside every other method; empty where neither was asked for.
std::vector<Comparison> comparisons(const EvalResult& result);

}  // namespace foresee::planner
