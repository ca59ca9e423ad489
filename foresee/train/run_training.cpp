#include "foresee/train/run_training.h"

#include <algorithm>
#include <chrono>

#include "foresee/settings/provenance.h"
#include "foresee/train/moved_episodes.h"
#include "jepa/core/error.h"

namespace foresee {
namespace {

/// The last row of metrics.jsonl that an evaluation wrote.
Metrics last_evaluation(const RunFolder& run) {
  Metrics last;
  for (const auto& [step, metrics] : read_metrics(run.metrics_path()))
    if (!metrics.empty() && metrics.front().first.starts_with("held_out_")) last = metrics;
  return last;
}

}  // namespace

const std::vector<std::filesystem::path>& episode_files(const TrainJob& job) {
  if (job.data.empty()) throw RequestError("data", "expected episode files");
  for (const auto& path : job.data)
    if (!std::filesystem::exists(path)) fail<DataError>("{}: no such file", path.string());
  return job.data;
}

TrainResult run_training(TrainTask& task, const LoopConfig& loop, RunFolder& run, int64_t frames_per_step,
                         const TrainJob& job, const FinishCheckpoint& finish) {
  remember_data(run.path(), job.data);
  const int64_t first = run.latest_step().value_or(0);
  remember_call(run.path(), first);
  const auto begin = std::chrono::steady_clock::now();
  const LoopEnd end = run_loop(task, loop, run, job.control, finish);
  TrainResult result;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  result.steps = run.latest_step().value_or(0);
  result.run = run.path();
  result.model = run.checkpoint_path(result.steps);
  result.interrupted = end == LoopEnd::kInterrupted;
  result.frames_per_second =
      static_cast<double>((result.steps - first) * frames_per_step) / std::max(result.seconds, 1e-9);
  result.held_out = last_evaluation(run);
  return result;
}

}  // namespace foresee
