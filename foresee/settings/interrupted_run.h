#pragma once

#include <filesystem>

#include "jepa/core/interrupted.h"
#include "jepa/core/log.h"
#include "jepa/io/checkpoint.h"

namespace foresee {

/// What a training that was stopped during its preparations gives: the run as it was before. Says so in a line.
/// @tparam Result  PretrainResult or TrainResult.
template <class Result>
Result interrupted_run(const std::filesystem::path& run, const Interrupted& interrupted) {
  log_info("{}", interrupted.what());
  Result result;
  result.run = run;
  result.steps = latest_checkpoint_step(run).value_or(0);
  if (result.steps > 0) result.model = checkpoint_folder(run, result.steps);
  result.interrupted = true;
  return result;
}

}  // namespace foresee
