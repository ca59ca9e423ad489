#include "planner/env/collect.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>

#include "jepa/core/error.h"
#include "jepa/core/watch/progress.h"
#include "planner/env/factor_draw.h"

namespace foresee::planner {
namespace {

/// Rows of numbers under their column's name.
class RowRecorder {
 public:
  void add(const std::string& name, std::span<const double> row) {
    auto& column = columns_[name];
    column.width = row.size();
    column.values.insert(column.values.end(), row.begin(), row.end());
  }

  TensorMap tensors() const {
    TensorMap tensors;
    for (const auto& [name, column] : columns_)
      tensors[name] = at::tensor(column.values, at::kFloat).reshape({-1, static_cast<int64_t>(column.width)});
    return tensors;
  }

 private:
  struct Column {
    size_t width;
    std::vector<float> values;
  };
  std::map<std::string, Column> columns_;
};

/// @returns nothing when it was stopped.
std::optional<data::Episode> record(Env& env, Policy& policy, const CollectConfig& config, uint64_t id,
                                    const std::stop_token& stop) {
  RandomSequence start(Random(config.seed, Stream::kEnvReset, id)), random(Random(config.seed, Stream::kPolicy, id));
  env.reset(start);
  RowRecorder rows;
  std::vector<Tensor> frames;
  bool reached = false;
  std::vector<int64_t> terminated;
  const auto see = [&] {
    terminated.push_back(reached);
    frames.push_back(env.render(config.size));
    for (const auto& [name, values] : env.columns()) rows.add(name, values);
  };
  see();
  for (int64_t t = 0; t < config.max_steps && !(reached && config.stop_at_goal); ++t) {
    if (stop.stop_requested()) return std::nullopt;
    const auto action = policy.act(env, random);
    rows.add("action", action);
    reached = env.step(action);
    see();
  }
  rows.add("action",
           std::vector<double>(static_cast<size_t>(env.action_spec().size), std::numeric_limits<double>::quiet_NaN()));
  data::Episode episode{.id = id, .frames = {}, .columns = rows.tensors()};
  episode.frames = at::stack(frames).permute({0, 2, 3, 1}).contiguous();
  episode.columns["terminated"] = at::tensor(terminated).to(at::kBool);
  return episode;
}

/// The same in a scene of its own, whose factors stand in the episode's columns.
std::optional<data::Episode> record_drawn(Policy& policy, const CollectConfig& config, uint64_t id,
                                          const std::stop_token& stop) {
  const DrawnScene scene = draw_scene(config.draw, config.env, config.variation, config.seed, id);
  auto episode = record(*make_env(config.env, scene.variation), policy, config, id, stop);
  if (!episode) return episode;
  for (const auto& [key, value] : scene.values) {
    const Tensor row = at::tensor(value, at::kFloat).unsqueeze(0);
    episode->columns[factor_column(key)] = row.expand({episode->length(), row.size(1)}).contiguous();
  }
  return episode;
}

}  // namespace

void describe(Fields& f, CollectConfig& c) {
  f("env", c.env, "environment");
  f("policy", c.policy, "who acts: expert, random, noop, cem, weak");
  f("noise", c.noise, "standard deviation added to the expert's action (cem: a share of half its range)", {0, 1000});
  f("max_steps", c.max_steps, "steps after which an episode ends", {1, 1e6});
  f("stop_at_goal", c.stop_at_goal, "an episode ends at its goal; else it goes on to max_steps");
  f("size", c.size, "pictures, pixels", {8, 1024});
  f("world", c.variation, "factors of variation of each environment");
  f("draw", c.draw, "factors that every episode draws for itself: two_room.door_position=30..190");
  f("cem", c.cem, "the search of policy cem");
}

CollectConfig usual_collection(const std::string& env, const EnvConfig& variation) {
  const auto& [policy, noise, max_steps] = variation.environment(env).collection;
  CollectConfig config{.env = env, .policy = policy, .noise = noise, .max_steps = max_steps, .variation = variation};
  return config;
}

data::Episode generate_episode(const CollectConfig& config, uint64_t id) {
  return std::move(generate_episodes(config, std::span<const uint64_t>(&id, 1)).front());
}

std::vector<data::Episode> generate_episodes(const CollectConfig& config, std::span<const uint64_t> ids,
                                             const CollectWatch& watch) {
  FORESEE_CHECK(config.max_steps > 0 && config.size > 0, "expected steps and a picture size, got {} and {}",
                config.max_steps, config.size);
  const Environment& row = config.variation.environment(config.env);
  check_draw(config.draw, config.env, config.variation);
  std::unique_ptr<Env> env;
  if (config.draw.empty()) {
    env = make_env(config.env, config.variation);
    env->render(config.size);  // clones share what was drawn
  }
  std::vector<data::Episode> episodes(ids.size());
  std::mutex reporting;
  int64_t done = 0;
  at::parallel_for(0, static_cast<int64_t>(ids.size()), 1, [&](int64_t begin, int64_t end) {
    const auto copy = env ? env->clone() : nullptr;
    for (int64_t i = begin; i < end; ++i) {
      const auto policy = make_policy(row, config.policy, config.noise, config.cem);
      const uint64_t id = ids[static_cast<size_t>(i)];
      auto episode =
          copy ? record(*copy, *policy, config, id, watch.stop) : record_drawn(*policy, config, id, watch.stop);
      if (!episode) return;
      episodes[static_cast<size_t>(i)] = std::move(*episode);
      const std::lock_guard lock(reporting);
      ++done;
      if (watch.seen) watch.seen(done);
    }
  });
  if (done < static_cast<int64_t>(ids.size())) episodes.clear();
  return episodes;
}

std::vector<data::Episode> generate_episodes(const CollectConfig& config, std::span<const uint64_t> ids,
                                             const std::string& label, const JobControl& control) {
  Progress progress(control, label, static_cast<int64_t>(ids.size()), "episodes");
  auto made =
      generate_episodes(config, ids, {.stop = control.stop, .seen = [&](int64_t done) { progress.update(done); }});
  if (!made.empty()) progress.finish();
  return made;
}

std::vector<data::Episode> generate_episodes(const CollectConfig& config, int64_t count, uint64_t first_id,
                                             const CollectWatch& watch) {
  FORESEE_CHECK(count >= 0, "expected a number of episodes, got {}", count);
  std::vector<uint64_t> ids(static_cast<size_t>(count));
  std::iota(ids.begin(), ids.end(), first_id);
  return generate_episodes(config, ids, watch);
}

}  // namespace foresee::planner
