
#include <chrono>
#include <numeric>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/train/lewm/task.h"
#include "tools/bench/bench.h"

namespace foresee::tools {
namespace {

/// Seconds of each timed step. Batches are made beforehand: what is timed is the step, not the loader.
std::vector<double> timed_steps(const TrainBench& bench, LewmRecipe recipe, Precision precision) {
  recipe.train.precision = precision;
  const int64_t size = recipe.model.vit.image_size, frames = lewm_clip_frames(recipe.model, recipe.train.loss);
  const Random draws(bench.seed, Stream::kTest);
  const LewmBatch batch{
      draws.uniform_tensor({recipe.train.batch, frames, 3, size, size}).mul_(256).to(at::kByte),
      Random(bench.seed, Stream::kTest, 1).normal_tensor({recipe.train.batch, frames, recipe.model.action_block})};
  LewmTrainData data;
  data.batch = [&](int64_t) { return batch; };
  data.preprocess.size = size;
  data.actions = {.size = recipe.model.action_block, .block = 1, .low = {}, .high = {}, .mean = {}, .std = {}};
  const int64_t steps = bench.warmup + bench.repetitions;
  LewmTask task(recipe.model, recipe.train, std::move(data), steps, bench.seed, bench.preset, at::Device(bench.device));
  task.start(0);
  std::vector<double> seconds;
  for (int64_t step = 0; step < steps; ++step) {
    const auto begin = std::chrono::steady_clock::now();
    task.step(step);  // reads the loss: a GPU has finished
    if (step >= bench.warmup)
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return seconds;
}

}  // namespace

nlohmann::ordered_json bench_train(const TrainBench& bench) {
  LewmRecipe recipe = lewm_recipe(bench.preset);
  if (bench.batch > 0) recipe.train.batch = bench.batch;
  const int64_t frames = recipe.train.batch * lewm_clip_frames(recipe.model, recipe.train.loss);
  nlohmann::ordered_json out{{"preset", bench.preset},
                             {"device", bench.device},
                             {"threads", at::get_num_threads()},
                             {"batch", recipe.train.batch},
                             {"frames_per_step", frames}};
  for (const auto& precision : bench.precisions) {
    const auto seconds = timed_steps(bench, recipe, precision == "bf16" ? Precision::kBFloat16 : Precision::kFloat32);
    const double total = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    out[precision] = {{"frames_per_s", static_cast<double>(frames) * static_cast<double>(seconds.size()) / total},
                      {"ms", percentiles_ms(seconds)}};
  }
  return out;
}

}  // namespace foresee::tools
