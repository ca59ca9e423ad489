#include "planner/env/process_env.h"

#include <ATen/ATen.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "jepa/core/error.h"
#include "jepa/core/files/json.h"
#include "planner/env/child_process.h"
#include "planner/env/environments.h"

namespace foresee::planner {
namespace {

using nlohmann::json;

std::vector<double> numbers(const json& answer, const char* key, const std::string& command) {
  return JsonView(answer, fmt::format("process '{}'", command)).numbers(key);
}

/// Reads "solved" and "distance" of an answer; false and 0 where it has none.
std::pair<bool, double> outcome(const json& answer, const std::string& command) {
  const JsonView view(answer, fmt::format("process '{}'", command));
  const double distance = view.number_or("distance", 0.0);
  if (!(distance >= 0)) fail("process '{}': distance: expected a number from 0 on, got {}", command, distance);
  return {view.truth_or("solved", false), distance};
}

}  // namespace

void describe(Fields& f, ProcessConfig& c) {
  f("command", c.command, "program to start, through /bin/sh: \"python3 my_env.py\"");
  f("timeout_s", c.timeout_s, "longest time from a question to the end of its answer, seconds", {0.1, 1e6});
  f("variation", c.variation, "factors that the program is told of, a JSON object as text: {\"light\": 0.5}");
}

void ProcessConfig::validate() const {
  if (variation.empty()) return;
  const auto factors = try_parse_json(variation, "process: variation");
  if (!factors || !factors->is_object())
    fail<ConfigError>("process: variation: expected a JSON object like {{\"light\": 0.5}}, got '{}'", variation);
}

ProcessEnv::ProcessEnv(ProcessConfig config) : config_(std::move(config)) {
  if (config_.command.empty())
    fail<ConfigError>("process: expected a program to start: key world.process.command, \"python3 my_env.py\"");
  config_.validate();
  json question{{"do", "spec"}};
  if (!config_.variation.empty()) question["variation"] = parse_json(config_.variation, "process: variation");
  child_ = std::make_unique<ChildProcess>(config_.command, config_.timeout_s);
  const json spec = child_->ask(question);
  actions_.low = numbers(spec, "action_low", config_.command);
  actions_.high = numbers(spec, "action_high", config_.command);
  actions_.size = static_cast<int64_t>(actions_.low.size());
  actions_.block = 1;
  if (actions_.low.empty() || actions_.low.size() != actions_.high.size())
    fail("process '{}': action_low has {} numbers, action_high {}", config_.command, actions_.low.size(),
         actions_.high.size());
  RandomSequence random(Random(0, Stream::kEnvReset));
  reset(random);
}

ProcessEnv::~ProcessEnv() = default;

std::unique_ptr<Env> ProcessEnv::clone() const {
  auto copy = std::make_unique<ProcessEnv>(config_);
  copy->restore(*this);
  return copy;
}

void ProcessEnv::reset(RandomSequence& random) {
  const auto seed = static_cast<uint64_t>(random.uniform() * 0x1p31);
  const json answer = child_->ask({{"do", "reset"}, {"seed", seed}});
  state_ = numbers(answer, "state", config_.command);
  goal_ = numbers(answer, "goal", config_.command);
  set_goal(goal_);  // for distance and success
}

bool ProcessEnv::step(std::span<const double> action) {
  FORESEE_CHECK(static_cast<int64_t>(action.size()) == actions_.size, "expected an action of {} numbers, got {}",
                actions_.size, action.size());
  const json answer = child_->ask({{"do", "step"}, {"action", std::vector<double>(action.begin(), action.end())}});
  state_ = numbers(answer, "state", config_.command);
  std::tie(solved_, distance_) = outcome(answer, config_.command);
  return solved_;
}

void ProcessEnv::set_state(std::span<const double> state) {
  const json answer = child_->ask({{"do", "set_state"}, {"state", std::vector<double>(state.begin(), state.end())}});
  state_ = numbers(answer, "state", config_.command);
  std::tie(solved_, distance_) = outcome(answer, config_.command);
}

void ProcessEnv::set_goal(std::span<const double> goal) {
  goal_.assign(goal.begin(), goal.end());
  const json answer = child_->ask({{"do", "set_goal"}, {"goal", goal_}});
  std::tie(solved_, distance_) = outcome(answer, config_.command);
}

Tensor ProcessEnv::picture(const char* what, int64_t size) const {
  FORESEE_CHECK(size > 0, "expected a positive picture size, got {}", size);
  const json answer = child_->ask({{"do", what}, {"size", size}});
  const int64_t bytes = JsonView(answer, fmt::format("process '{}'", config_.command)).integer_or("bytes", 0);
  if (bytes != 3 * size * size)
    fail("process '{}': a picture of {} x {} has {} bytes, it sends {}", config_.command, size, size, 3 * size * size,
         bytes);
  Tensor image = at::empty({size, size, 3}, at::kByte);
  child_->read(image.data_ptr<uint8_t>(), static_cast<size_t>(bytes));
  return image.permute({2, 0, 1}).contiguous();
}

Tensor ProcessEnv::render(int64_t size) const { return picture("render", size); }
Tensor ProcessEnv::render_goal(int64_t size) const { return picture("render_goal", size); }

Environment process_environment() {
  Environment row{.name = "process",
                  .summary = "an environment of one's own, in a process of its own",
                  .factors = std::make_shared<FactorsOf<ProcessConfig, ProcessEnv>>()};
  row.collection.policy = "random";
  return row;
}

}  // namespace foresee::planner
