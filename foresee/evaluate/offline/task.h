#pragma once

#include <cstdint>

#include "jepa/core/config.h"

namespace foresee {

/// How much protocol offline asks. The search is solver cem; of an arm it is V-JEPA 2-AC's, with the numbers of here.
struct OfflineConfig {
  int64_t starts = 128;  // recorded sequences that are judged, of all episodes together
  int64_t horizon = 5;   // action blocks of the longest
  int64_t samples = 64;  // candidates of an iteration, and as many other recorded sequences
  int64_t iterations = 5;
  int64_t elites = 8;
  double init_std = 1.0;  // first deviation of the search, normalised actions
};
void describe(Fields& fields, OfflineConfig& config);

}  // namespace foresee
