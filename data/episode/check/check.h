#pragma once

#include <functional>
#include <span>
#include <vector>

#include "data/episode/check/finding.h"
#include "data/episode/check/units.h"
#include "data/episode/source.h"

namespace foresee::data {

/// Looks for what an opened set has wrong: what was left out, episodes with the same id, NaN (but in the last row of an
/// episode, which no action leaves), infinity, values far outside of all others, actions and states that never change,
/// and episodes that are there twice; and units (data/episode/check/units.h). Pictures are not decoded, but for two of
/// episodes whose numbers agree: check_pictures does that.
/// @param reading  what a training takes the states for, where that is known.
std::vector<Finding> check_source(const EpisodeSource& source, const StateReading& reading = {});
/// The same of several sets, and episodes that are in two of them.
std::vector<Finding> check_sources(std::span<const EpisodeSource* const> sources, const StateReading& reading = {});
/// Reads every picture of every camera once: "damaged" for each episode and camera with some that cannot be read.
/// @param going_on  called with the episodes that were looked at; false ends it.
std::vector<Finding> check_pictures(const EpisodeSource& source, const std::function<bool(int64_t)>& going_on);

}  // namespace foresee::data
