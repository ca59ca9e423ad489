#include "foresee/evaluate/quality/task.h"

#include <algorithm>

#include "jepa/core/error.h"

namespace foresee {
namespace {

/// What is known of an environment. Tolerances: docs/METRIC.md of HaiyuWu/viscore.
struct KnownTask {
  const char* env;
  const char* mark;  // a column that only its episodes have
  QualityConfig task;
};

const std::vector<KnownTask>& known_tasks() {
  static const std::vector<KnownTask> tasks{
      {"push_t", "block_pose", {.state = "state", .numbers = {0, 1, 2, 3}, .tolerance = 20, .nuisance = {5, 6}}},
      {"reacher", "finger_pos", {.state = "qpos", .numbers = {0, 1}, .tolerance = 0.05, .largest = true}},
      {"two_room", "distance_to_target", {.state = "state", .numbers = {0, 1}, .tolerance = 16, .longest = 8}}};
  return tasks;
}

const KnownTask* find_task(const std::string& env, const data::EpisodeDataset& dataset) {
  for (const KnownTask& known : known_tasks())
    if (env.empty() ? dataset.has(known.mark) : env == known.env) return &known;
  if (env.empty()) return nullptr;
  std::vector<std::string> names;
  for (const KnownTask& known : known_tasks()) names.emplace_back(known.env);
  fail<ConfigError>("eval: protocol quality knows no tolerance of '{}'{}; or say the state's column and the tolerance",
                    env, suggestion(env, names));
}

}  // namespace

void describe(Fields& fields, QualityConfig& config) {
  fields("state", config.state, "column that holds the true state; empty: the environment's");
  fields("numbers", config.numbers, "of it, that the task is judged by; empty: all", {0, 100000});
  fields("tolerance", config.tolerance, "distance that counts as reached, the column's unit; 0: the environment's",
         {0});
  fields("nuisance", config.nuisance, "numbers of the state that move the picture and that the task ignores",
         {0, 100000});
  fields("largest", config.largest, "distance is the largest difference instead of the Euclidean norm");
  fields("horizon", config.horizon, "action blocks of a plan", {1, 50});
  fields("longest", config.longest, "blocks of the longest roll-out; 0: 15, in two_room 8", {0, 200});
  fields("clips", config.clips, "open-loop roll-outs", {30, 100000});
  fields("windows", config.windows, "one-step predictions", {30, 1e6});
  fields("anchors", config.anchors, "starts of searches", {4, 10000});
  fields("drift_steps", config.drift_steps, "blocks imagined to measure drift", {1, 5000});
}

std::string complete_task(QualityConfig& config, const std::string& env, const data::EpisodeDataset& dataset) {
  const KnownTask* const known = find_task(env, dataset);
  if (known != nullptr && config.state.empty() && dataset.has(known->task.state)) {
    config.state = known->task.state;
    if (config.numbers.empty()) config.numbers = known->task.numbers;
    if (config.nuisance.empty()) config.nuisance = known->task.nuisance;
    if (config.tolerance == 0) config.tolerance = known->task.tolerance;
    config.largest = config.largest || known->task.largest;
  }
  if (config.longest == 0) config.longest = known != nullptr && known->task.longest > 0 ? known->task.longest : 15;
  config.longest = std::max(config.longest, config.horizon);
  for (const char* name : {"state", "proprio"})
    if (config.state.empty() && dataset.has(name)) config.state = name;
  if (config.state.empty()) return known != nullptr ? known->env : "";
  const int64_t size = dataset.column(0, config.state, 0, 1).numel();
  for (int64_t i = 0; config.numbers.empty() && i < size; ++i) config.numbers.push_back(i);
  for (const auto* list : {&config.numbers, &config.nuisance})
    for (const int64_t number : *list)
      if (number >= size)
        fail<ConfigError>("eval: column '{}' has {} numbers, counted from 0; there is no number {}", config.state, size,
                          number);
  return known != nullptr ? known->env : "";
}

}  // namespace foresee
