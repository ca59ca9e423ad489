#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "tools/report/document.h"
#include "tools/report/pictures.h"

namespace foresee::report {

/// A section per kind of violation of protocol surprise: how often the model finds it beside plain change, and its
/// surprise around the violation; then the film strips of pairs, those that were not told first.
/// @param result  foresee::surprise_json. @throws DataError where it is none.
void add_surprise(Report& report, const nlohmann::ordered_json& result, const std::vector<FilmStrip>& strips);

}  // namespace foresee::report
