#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "planner/env/env_config.h"
#include "planner/env/vector_env.h"
#include "tools/bench/bench.h"

namespace foresee::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRepetitions = 7;
constexpr double kRepetitionSeconds = 0.25;
constexpr int64_t kEnvs = 64;  // stepped together

double rate(const std::function<void(int64_t)>& step) {
  int64_t done = 0;
  const auto begin = Clock::now();
  double elapsed = 0;
  while (elapsed < kRepetitionSeconds) {
    for (const int64_t end = done + 64; done < end; ++done) step(done);
    elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  return static_cast<double>(done) / elapsed;
}

nlohmann::ordered_json rates(const std::function<void(int64_t)>& step, std::optional<double> peer) {
  rate(step);  // warm: pages, caches, what is drawn once
  std::vector<double> all;
  for (int i = 0; i < kRepetitions; ++i) all.push_back(rate(step));
  std::sort(all.begin(), all.end());
  const double median = all[all.size() / 2];
  nlohmann::ordered_json row{{"per_s", median}, {"low", all.front()}, {"high", all.back()}};
  if (peer) {
    row["peer_per_s"] = *peer;
    row["ratio"] = median / *peer;
  }
  return row;
}

}  // namespace

nlohmann::ordered_json bench_env(const std::string& name, uint64_t seed) {
  const auto env = planner::make_env(name);
  const auto policy = planner::make_policy(name, "random");
  RandomSequence reset(Random(seed, Stream::kEnvReset)), random(Random(seed, Stream::kPolicy));
  std::vector<std::vector<double>> actions;
  for (int i = 0; i < 4096; ++i) actions.push_back(policy->act(*env, random));
  env->reset(reset);
  const auto step = [&](int64_t i) {
    if (env->step(actions[static_cast<size_t>(i) % actions.size()])) env->reset(reset);
  };
  const auto rendered = [&](int64_t size) {
    return [&step, &env, size](int64_t i) {
      step(i);
      env->render(size);
    };
  };
  const auto& peer = planner::EnvConfig().environment(name).peer;
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  nlohmann::ordered_json result{{"env", name}, {"threads", 1}, {"repetitions", kRepetitions}};
  result["steps"] = rates(step, peer ? std::optional(peer->steps) : std::nullopt);
  result["rendered_224"] = rates(rendered(224), peer ? std::optional(peer->rendered) : std::nullopt);
  result["rendered_64"] = rates(rendered(64), std::nullopt);
  at::set_num_threads(threads);

  planner::VectorEnv envs(*env, kEnvs, seed);
  const ActionSpec spec = env->action_spec();
  const Tensor low = at::tensor(spec.low, at::kDouble), high = at::tensor(spec.high, at::kDouble);
  const Tensor moves = Random(seed, Stream::kPolicy, 1).uniform_tensor({256, kEnvs, spec.size}) * (high - low) + low;
  // A turn steps all environments once.
  auto together = rates([&](int64_t i) { envs.step(moves[i % 256]); }, std::nullopt);
  for (const char* key : {"per_s", "low", "high"}) together[key] = together[key].get<double>() * kEnvs;
  together["worlds"] = kEnvs;
  together["threads"] = threads;
  result["vector"] = together;
  return result;
}

}  // namespace foresee::tools
