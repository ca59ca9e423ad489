#pragma once

#include "foresee/evaluate.h"

namespace foresee::tools {

/// An evaluation as tables for people.
void print_evaluation(const EvaluateRequest& request, const EvaluateResult& result);

}  // namespace foresee::tools
