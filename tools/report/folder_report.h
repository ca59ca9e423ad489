#pragma once

#include <filesystem>

#include "tools/report/document.h"

namespace foresee::report {

/// The report of a run folder (metrics.jsonl, config.json) or an evaluation folder (results.json, strips/).
/// @throws Error when the folder is neither, or a file in it cannot be read.
Report folder_report(const std::filesystem::path& folder);

}  // namespace foresee::report
