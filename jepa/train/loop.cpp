#include "jepa/train/loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/watch/progress.h"
#include "jepa/core/watch/tensorboard.h"

namespace foresee {
namespace {

using Clock = std::chrono::steady_clock;

std::string checkpoint_text(const RunFolder& run) {
  const auto latest = run.latest_step();
  return latest ? fmt::format("the last checkpoint is {}", run.checkpoint_path(*latest).string())
                : "no checkpoint was written yet";
}

void check_loss(TrainTask& task, const Metrics& metrics, int64_t step, const RunFolder& run) {
  const double loss = metric(metrics, "loss");  // NaN also where a row has none
  const bool known =
      std::any_of(metrics.begin(), metrics.end(), [](const auto& entry) { return entry.first == "loss"; });
  if (!known || std::isfinite(loss)) return;
  const std::string kept = task.keep_bad_step(step, run.path());
  fail("step {}: the loss is {}, training stops; {}{}{} (a lower learning rate or gradient clipping often helps)", step,
       loss, checkpoint_text(run), kept.empty() ? "" : "; ", kept);
}

void save(const TrainTask& task, const LoopConfig& config, RunFolder& run, int64_t done,
          const FinishCheckpoint& finish) {
  try {
    run.save_checkpoint(done, config.keep_checkpoints, [&](const std::filesystem::path& folder) {
      task.save(folder);
      if (finish) finish(folder);
    });
  } catch (const Error& error) {
    fail<CheckpointError>("checkpoint step-{} was not written: {}; {}", done, error.what(), checkpoint_text(run));
  }
}

}  // namespace

void describe(Fields& fields, LoopConfig& config) {
  fields("steps", config.steps, "optimizer steps in all", {1, 1e12});
  fields("checkpoint_every", config.checkpoint_every, "steps between checkpoints; the last step always saves",
         {1, 1e12});
  fields("keep_checkpoints", config.keep_checkpoints, "newest checkpoints that are kept", {1, 1e6});
  fields("evaluate_every", config.evaluate_every, "steps between evaluations; step 0 and the last always evaluate",
         {1, 1e12});
  fields("log_every", config.log_every, "steps between rows of metrics.jsonl", {1, 1e12});
}

LoopEnd run_loop(TrainTask& task, const LoopConfig& config, RunFolder& run, const JobControl& control,
                 const FinishCheckpoint& finish) {
  const auto latest = run.sound_step();
  const int64_t start = latest.value_or(0);
  if (start >= config.steps) {
    log_info("{}: {} of {} steps are done, nothing is left to train", run.path().string(), start, config.steps);
    return LoopEnd::kFinished;
  }
  if (latest) {
    task.load(run.checkpoint_path(start));
    log_info("resuming from {}", run.checkpoint_path(start).string());
  }
  // A checkpoint at N is written after the rows of N. So the rows up to N are complete, and later ones come again.
  MetricsWriter rows(run.metrics_path(), latest.value_or(-1));
  TensorBoardWriter curves(run.path(), latest.value_or(-1));
  const auto write = [&](int64_t step, const Metrics& metrics) {
    rows.write(step, metrics);
    curves.write(step, metrics);
  };
  const auto sync = [&] {  // a checkpoint never outlives the rows that it stands on
    rows.sync();
    curves.sync();
  };
  std::string headline;
  const auto evaluate = [&](int64_t done) {
    const Metrics metrics = task.evaluate();
    write(done, metrics);
    headline = task.headline(metrics);
  };
  if (!latest) {
    task.recalibrate();
    evaluate(0);
  }

  Progress progress(control, "train", config.steps, "steps", start);
  task.start(start);
  double step_ms = 0.0;  // of the steps since the last row
  int64_t row_start = start, saved = latest.value_or(-1);
  for (int64_t done = start; done < config.steps;) {
    if (control.stopping()) {
      if (saved != done) {
        task.recalibrate();
        sync();
        save(task, config, run, done, finish);
      }
      log_info("interrupted after {} of {} steps; the same command continues from {}", done, config.steps,
               run.checkpoint_path(done).string());
      return LoopEnd::kInterrupted;
    }
    const auto begin = Clock::now();
    Metrics row = task.step(done++);
    step_ms += std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    const bool finite = std::isfinite(metric(row, "loss"));
    progress.update(
        done,
        finite ? fmt::format("loss {:.4g}{}{}", metric(row, "loss"), headline.empty() ? "" : ", ", headline) : "");
    check_loss(task, row, done - 1, run);

    const bool last = done == config.steps;
    if (last || done % config.log_every == 0) {
      row.emplace_back("step_ms", step_ms / static_cast<double>(done - row_start));
      write(done, row);
      step_ms = 0.0;
      row_start = done;
    }
    const bool evaluates = last || done % config.evaluate_every == 0,
               saves = last || done % config.checkpoint_every == 0;
    if (evaluates || saves) task.recalibrate();
    if (evaluates) evaluate(done);
    if (saves) {
      sync();
      save(task, config, run, done, last || control.stopping() ? finish : FinishCheckpoint());
      saved = done;
    }
  }
  progress.finish();
  return LoopEnd::kFinished;
}

}  // namespace foresee
