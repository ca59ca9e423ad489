#pragma once

#include <string>
#include <vector>

#include "tools/report/results/results.h"

namespace foresee::report {

/// What a reader of an evaluation has to know, in sentences: flags first ("FLAG name: meaning"), methods that failed,
/// remarks, and whether the model knew the episodes. Never empty.
std::vector<std::string> findings(const Results& results);

}  // namespace foresee::report
