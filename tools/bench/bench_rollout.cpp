
#include <algorithm>
#include <chrono>
#include <functional>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"
#include "jepa/model/vjepa2_ac/world_model.h"
#include "tools/bench/bench.h"

namespace foresee::tools {
namespace {

using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

/// A world model with random weights; its encoder, which a roll-out does not run, has one block.
Vjepa2AcWorldModel random_world(const RolloutBench& bench) {
  Vjepa2AcConfig config;
  config.encoder.image_size = bench.side * config.encoder.patch_size;
  config.encoder.width = bench.encoder_width;
  config.encoder.depth = 1;
  config.encoder.heads = bench.encoder_width / 64;
  config.predictor.width = bench.width;
  config.predictor.depth = bench.depth;
  config.predictor.heads = bench.heads;
  config.validate();
  Vjepa2Ac model(config);
  model.predictor->initialise(bench.seed);
  return {std::move(model), ActionSpec{.size = kArmPoseSize}, Preprocess{.size = config.encoder.image_size}};
}

/// Floating-point operations in matrix products of the cached path: every frame of every candidate once.
double cached_flops(const RolloutBench& b, int64_t horizon) {
  const auto group = static_cast<double>(b.side * b.side + 2), d = static_cast<double>(b.width);
  double total = 0;
  for (int64_t h = 0; h < horizon; ++h) {
    const auto seen = static_cast<double>(b.context + h) * group;
    total += static_cast<double>(b.depth) * (2 * group * 12 * d * d + 4 * group * seen * d);
  }
  return total * static_cast<double>(b.candidates);
}

std::vector<double> timed_runs(const std::function<void()>& work, int64_t warmup, int64_t repetitions) {
  for (int64_t i = 0; i < warmup; ++i) work();
  std::vector<double> seconds;
  for (int64_t i = 0; i < repetitions; ++i) {
    const auto begin = Clock::now();
    work();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return seconds;
}

ordered_json spread(const std::vector<double>& seconds) {
  ordered_json row = percentiles_ms(seconds);
  row["min"] = 1000 * *std::min_element(seconds.begin(), seconds.end());
  row["max"] = 1000 * *std::max_element(seconds.begin(), seconds.end());
  return row;
}

}  // namespace

ordered_json bench_rollout(const RolloutBench& bench) {
  const torch::NoGradGuard no_grad;
  FORESEE_CHECK(!bench.horizons.empty() && bench.context >= 1, "expected at least one horizon and one frame");
  const Vjepa2AcWorldModel world = random_world(bench);
  const Random random(bench.seed, Stream::kTest);
  const int64_t n = bench.side * bench.side;
  const auto features = [&](int64_t frames, uint64_t number) {
    return world.model().normalise(
        Random(bench.seed, Stream::kTest, number).normal_tensor({1, frames, n, bench.encoder_width}));
  };
  Observation rest;
  rest.state = random.normal_tensor({1, bench.context, kArmPoseSize}) * 0.3;
  rest.actions = random.normal_tensor({1, bench.context - 1, kArmPoseSize}, 1000) * 0.05;
  const auto context = world.encode_features(features(bench.context, 1), world.model().grid(), rest);
  const Tensor goal = features(1, 2).select(1, 0);
  ordered_json result{{"candidates", bench.candidates},
                      {"context", bench.context},
                      {"predictor", {{"width", bench.width}, {"depth", bench.depth}, {"heads", bench.heads}}},
                      {"tokens", n},
                      {"threads", at::get_num_threads()},
                      {"repetitions", bench.repetitions}};
  std::vector<double> cached_ms, plain_ms;
  for (const int64_t horizon : bench.horizons) {
    const Tensor actions = random.normal_tensor({1, bench.candidates, horizon, kArmPoseSize}, 2000) * 0.05;
    ordered_json row;
    const auto seconds = timed_runs([&] { world.costs(*context, goal, actions); }, bench.warmup, bench.repetitions);
    row["cached_ms"] = spread(seconds);
    cached_ms.push_back(row["cached_ms"]["p50"].get<double>());
    row["cached_gflop_per_s"] = cached_flops(bench, horizon) / cached_ms.back() * 1e-6;
    if (bench.plain) {
      const auto plain = [&] { world.plain_rollout(*context, actions); };
      row["plain_ms"] = spread(timed_runs(plain, /*warmup=*/0, bench.repetitions));
      plain_ms.push_back(row["plain_ms"]["p50"].get<double>());
      row["plain_over_cached"] = plain_ms.back() / cached_ms.back();
      row["max_abs_difference"] =
          (world.rollout(*context, actions) - world.plain_rollout(*context, actions)).abs().max().item<double>();
    }
    result[fmt::format("horizon_{}", horizon)] = row;
  }
  if (bench.horizons.size() >= 2) {
    const std::string name = fmt::format("horizon_{}_over_{}", bench.horizons[1], bench.horizons[0]);
    result[name] = {{"cached", cached_ms[1] / cached_ms[0]}};
    if (bench.plain) result[name]["plain"] = plain_ms[1] / plain_ms[0];
  }
  return result;
}

}  // namespace foresee::tools
