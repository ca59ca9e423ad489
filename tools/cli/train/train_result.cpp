#include "tools/cli/train/train_result.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

namespace foresee::tools {
namespace {

/// The last row of metrics.jsonl that an evaluation wrote.
nlohmann::ordered_json last_evaluation(const RunFolder& run) {
  auto out = nlohmann::ordered_json::object();
  for (const auto& [step, metrics] : read_metrics(run.metrics_path())) {
    if (metrics.empty() || metrics.front().first.rfind("held_out_", 0) != 0) continue;
    out = nlohmann::ordered_json::object();
    for (const auto& [name, value] : metrics) out[name] = value;
  }
  return out;
}

}  // namespace

int finish_training(TrainTask& task, const LoopConfig& loop, RunFolder& run, int64_t frames_per_step,
                    const CommonOptions& common) {
  const int64_t first = run.latest_step().value_or(0);
  const auto begin = std::chrono::steady_clock::now();
  const LoopEnd end = run_loop(task, loop, run, common.control);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const int64_t done = run.latest_step().value_or(0);
  const auto frames = static_cast<double>((done - first) * frames_per_step);
  if (common.json)
    print_json({{"run", run.path().string()},
                {"model", run.checkpoint_path(done).string()},
                {"steps", done},
                {"interrupted", end == LoopEnd::kInterrupted},
                {"seconds", seconds},
                {"frames_per_second", frames / std::max(seconds, 1e-9)},
                {"held_out", last_evaluation(run)}});
  return 0;
}

}  // namespace foresee::tools
