#pragma once

#include <filesystem>
#include <vector>

#include "foresee/settings.h"
#include "jepa/core/files/output.h"

namespace foresee {

/// How the result of a job may be written. The config file counts as an input.
/// @param inputs  files and folders that are read; empty paths are ignored. @param input_folders  data sets and video
/// folders: nothing is written into them.
OutputRules job_output(const JobOptions& options, std::vector<std::filesystem::path> inputs,
                       std::vector<std::filesystem::path> input_folders = {});

}  // namespace foresee
