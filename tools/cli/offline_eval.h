#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/cli/command.h"

namespace foresee::tools {

/// `foresee eval --protocol offline`: what a LeWM is worth on recorded episodes, without an environment: the held-out
/// numbers of training (see evaluate_lewm), of any LeWM and any episodes that fit it. Prints a table, or with --json
/// {"protocol", "model", "data", "held_out_episodes", METRIC: value, ...}.
/// @throws Error when model or episodes cannot be read or do not fit each other.
int eval_offline(const std::filesystem::path& model, const std::vector<std::string>& data, const CommonOptions& common);

}  // namespace foresee::tools
