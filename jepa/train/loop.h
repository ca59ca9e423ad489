#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "jepa/core/api/job.h"
#include "jepa/core/config.h"
#include "jepa/core/watch/metrics.h"
#include "jepa/train/run_folder.h"

namespace foresee {

/// When the loop reports, evaluates and saves.
struct LoopConfig {
  int64_t steps = 1000;            // optimizer steps in all
  int64_t checkpoint_every = 500;  // steps; the last step always saves
  int64_t keep_checkpoints = 2;    // older ones are removed
  int64_t evaluate_every = 250;    // steps; step 0 and the last step always evaluate
  int64_t log_every = 10;          // steps between rows of metrics.jsonl
};
void describe(Fields& fields, LoopConfig& config);

/// What is trained. The loop owns order, logging, checkpoints, interruption; the task owns tensors.
/// Everything random in a step is a function of (seed, step), so a run resumed from a checkpoint repeats the
/// uninterrupted one bit for bit.
class TrainTask {
 public:
  virtual ~TrainTask() = default;

  /// Called once before the first step of this process: start prefetching batches from `step` on.
  virtual void start(int64_t step) = 0;
  /// Optimizer step number `step` (0-based). @returns what to log: "loss", "lr", ...
  virtual Metrics step(int64_t step) = 0;
  /// Called before an evaluation and before a checkpoint: brings up to date what follows the weights. Must not change
  /// them, nor what later steps compute.
  virtual void recalibrate() {}
  /// Held-out evaluation of the present weights; must not change them, but for going back to earlier ones that were
  /// better (then it is theirs), nor consume randomness of training.
  virtual Metrics evaluate() = 0;
  /// The most telling of what evaluate() gave, in a few words for the progress line; may be empty.
  virtual std::string headline(const Metrics& evaluation) const {
    (void)evaluation;
    return {};
  }
  /// Keeps what a step was given whose loss is not finite, before training ends. @param run  the run folder.
  /// @returns where it is and what it is, for the message; may be empty.
  virtual std::string keep_bad_step(int64_t step, const std::filesystem::path& run) {
    (void)step, (void)run;
    return {};
  }
  /// The whole state: weights as a model folder (written to the checkpoint folder itself, so that a checkpoint can be
  /// used as --model), optimizer moments, EMA.
  virtual void save(const std::filesystem::path& folder) const = 0;
  virtual void load(const std::filesystem::path& folder) = 0;
};

/// Writes more into the checkpoint that a call of run_loop ends with: what takes too long for each of them.
using FinishCheckpoint = std::function<void(const std::filesystem::path& folder)>;

/// How a call of run_loop ended.
enum class LoopEnd { kFinished, kInterrupted };

/// Trains from the run's latest checkpoint (or from 0) to config.steps; writes
/// metrics.jsonl and checkpoints/step-N. Asked to stop, it saves a checkpoint and returns kInterrupted.
/// Rows of metrics.jsonl carry the number of steps done: 0 for the first evaluation. All values but step_ms repeat
/// bit for bit after a resume.
/// @param control  asked between steps. @param finish  called after the task's save of the last step, or of a stop; the
/// task takes no step after it. May be empty.
/// @throws Error when a loss is not finite (names the step; the last checkpoint stays), or a checkpoint cannot be
/// written.
LoopEnd run_loop(TrainTask& task, const LoopConfig& config, RunFolder& run, const JobControl& control = {},
                 const FinishCheckpoint& finish = {});

}  // namespace foresee
