#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "planner/eval/evaluate.h"
#include "tools/report/document.h"
#include "tools/report/pictures.h"

namespace foresee::report {

/// An episode as pictures of its evenly chosen moments, and the goal.
/// @param env  any of its kind. @param pictures  at least 2.
FilmStrip episode_strip(const planner::Env& env, const planner::Start& start, const planner::Trial& episode,
                        int64_t pictures = 8);

/// Tiles and a section: what was asked, the success of every method with its interval, planning time, film strips.
/// @param result  as `foresee eval --json` prints it. @param origin  where the starts come from, one sentence.
/// @throws Error when the planner stands there without a baseline, or the JSON is not such a result.
void add_evaluation(Report& report, const nlohmann::ordered_json& result, const std::string& origin,
                    const std::vector<FilmStrip>& strips);

/// A section per factor of protocol features: what probes read from the model, beside random weights and pixels.
/// @param result  foresee::features_json. @throws DataError where it is none.
void add_features(Report& report, const nlohmann::ordered_json& result);

/// Adds what a sweep over a factor of variation found ("vary" and "values" of `foresee eval`): success over the factor
/// with the trained values shaded, a table for factors that are no numbers, and the notice of a memorised world.
/// @throws Error where `result` has another form.
void add_sweep(Report& report, const nlohmann::ordered_json& result);

}  // namespace foresee::report
