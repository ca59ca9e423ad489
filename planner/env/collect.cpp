#include "planner/env/collect.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cstring>
#include <limits>
#include <map>

#include "jepa/core/error.h"

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

data::Episode record(Env& env, Policy& policy, const CollectConfig& config, uint64_t id) {
  RandomSequence start(Random(config.seed, Stream::kEnvReset, id)), random(Random(config.seed, Stream::kPolicy, id));
  env.reset(start);
  RowRecorder rows;
  std::vector<Tensor> frames;
  bool reached = false;
  const auto see = [&] {
    frames.push_back(env.render(config.size));
    for (const auto& [name, values] : env.columns()) rows.add(name, values);
  };
  see();
  for (int64_t t = 0; t < config.max_steps && !reached; ++t) {
    const auto action = policy.act(env, random);
    rows.add("action", action);
    reached = env.step(action);
    see();
  }
  rows.add("action",
           std::vector<double>(static_cast<size_t>(env.action_spec().size), std::numeric_limits<double>::quiet_NaN()));
  data::Episode episode{.id = id, .frames = {}, .columns = rows.tensors()};
  episode.frames = at::stack(frames).permute({0, 2, 3, 1}).contiguous();
  Tensor terminated = at::zeros({episode.length()}, at::kBool);
  terminated[-1].fill_(reached);
  episode.columns["terminated"] = terminated;
  return episode;
}

}  // namespace

void describe(Fields& f, CollectConfig& c) {
  f("env", c.env, "environment");
  f("policy", c.policy, "who acts: expert, random, noop");
  f("noise", c.noise, "standard deviation added to the expert's action", {0});
  f("max_steps", c.max_steps, "steps after which an episode ends", {1});
  f("size", c.size, "pictures, pixels", {8, 1024});
}

data::Episode generate_episode(const CollectConfig& config, uint64_t id) {
  const auto env = make_env(config.env);
  const auto policy = make_policy(config.env, config.policy, config.noise);
  return record(*env, *policy, config, id);
}

std::vector<data::Episode> generate_episodes(const CollectConfig& config, int64_t count, uint64_t first_id) {
  FORESEE_CHECK(count >= 0 && config.max_steps > 0 && config.size > 0,
                "expected episodes, steps and a picture size, got {}, {} and {}", count, config.max_steps, config.size);
  const auto world = make_env(config.env);
  world->render(config.size);  // clones share what was drawn
  std::vector<data::Episode> episodes(static_cast<size_t>(count));
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    const auto env = world->clone();
    const auto policy = make_policy(config.env, config.policy, config.noise);
    for (int64_t i = begin; i < end; ++i)
      episodes[static_cast<size_t>(i)] = record(*env, *policy, config, first_id + static_cast<uint64_t>(i));
  });
  return episodes;
}

}  // namespace foresee::planner
