#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/report/chart.h"
#include "tools/report/html.h"

namespace foresee::report {

/// The curve of every metric of a metrics.jsonl over its steps, in the order of first appearance.
/// @throws Error when the file cannot be read or holds no row.
std::vector<Series> read_curves(const std::filesystem::path& metrics);

/// The curve of that name, or null.
const Series* find_curve(const std::vector<Series>& curves, const std::string& name);

/// Charts side by side: what is judged first (skill with its zero line, loss, errors with their baseline, collapse),
/// the rest behind a fold.
Html draw_curves(const std::vector<Series>& curves);

}  // namespace foresee::report
