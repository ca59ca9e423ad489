#pragma once

#include <string>
#include <vector>

#include "planner/eval/evaluate.h"

namespace foresee::planner {

/// What a reader of the success rates has to know, in sentences: starts of protocol swm that were solved already and
/// kept, starts that repeat an earlier one, and how much doing nothing solves.
std::vector<std::string> remarks(const EvalResult& result);

}  // namespace foresee::planner
