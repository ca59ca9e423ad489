#pragma once

#include <string>
#include <vector>

#include "foresee/evaluate.h"
#include "foresee/evaluate/offline/outcomes.h"

namespace foresee {

/// Sums outcomes up: means over the starts with intervals over their episodes, and the means of each episode.
/// @param episodes  in the whole log. @param seed  of the bootstrap.
OfflinePlans summed_up(const OfflineOutcomes& outcomes, const OfflineStarts& starts, uint64_t seed);

/// What a reader of the numbers has to know, in sentences. @param asked  for the horizon.
std::vector<std::string> offline_remarks(const OfflinePlans& plans, int64_t asked);

/// The mean of values with a bootstrap interval over episodes (bootstrap_interval), whose values are not independent.
/// @param values  double [P]; NaN does not count. @param episode  of each, in order: those of one stand together.
EpisodeFigure episode_figure(const Tensor& values, const std::vector<int64_t>& episode, uint64_t seed);

}  // namespace foresee
