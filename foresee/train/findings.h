#pragma once

#include <vector>

#include "data/episode/check/finding.h"
#include "jepa/train/episode_reading.h"

namespace foresee {

/// Names in a line or two what is wrong with the episodes of a training: what is certain is an error, the rest is a
/// warning, or an error too where reading is strict. Kinds that `reading` allows are said and nothing more.
/// @throws DataError; ConfigError for an allowed kind that there is not.
void report_findings(const std::vector<data::Finding>& findings, const EpisodeReading& reading);

}  // namespace foresee
