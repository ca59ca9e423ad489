#pragma once

#include "jepa/train/loop.h"
#include "tools/cli/command.h"

namespace foresee::tools {

/// Runs the loop and prints what came of it: with --json {"run", "model", "steps", "interrupted", "seconds",
/// "frames_per_second", "held_out": the last evaluation}. @param frames_per_step  for the rate. @returns the exit code.
int finish_training(TrainTask& task, const LoopConfig& loop, RunFolder& run, int64_t frames_per_step,
                    const CommonOptions& common);

}  // namespace foresee::tools
