#include "planner/env/process_env.h"

#include <ATen/ATen.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/text/json_text.h"
#include "jepa/core/text/printable.h"
#include "planner/env/child_process.h"
#include "planner/env/environments.h"

namespace foresee::planner {
namespace {

using nlohmann::json;

constexpr size_t kShown = 200;  // bytes of an answer in a message

[[noreturn]] void unexpected(const std::string& command, const char* key, const char* expected, const json& answer) {
  fail("process '{}': \"{}\": expected {}, got {}", command, key, expected,
       answer.contains(key) ? printable(json_text(answer[key]), kShown) : "nothing");
}

std::vector<double> numbers(const json& answer, const char* key, const std::string& command) {
  if (!answer.contains(key) || !answer[key].is_array()) unexpected(command, key, "a list of numbers", answer);
  std::vector<double> values;
  for (const auto& value : answer[key]) {
    if (!value.is_number() || !std::isfinite(value.get<double>()))
      unexpected(command, key, "a list of finite numbers", answer);
    values.push_back(value.get<double>());
  }
  return values;
}

/// The members that tell how far the goal is; a missing one is false or 0.
bool solved_of(const json& answer, const std::string& command) {
  if (answer.contains("solved") && !answer["solved"].is_boolean())
    unexpected(command, "solved", "true or false", answer);
  return answer.value("solved", false);
}

double distance_of(const json& answer, const std::string& command) {
  if (!answer.contains("distance")) return 0;
  if (!answer["distance"].is_number() || !(answer["distance"].get<double>() >= 0))
    unexpected(command, "distance", "a number from 0 on", answer);
  return answer["distance"].get<double>();
}

}  // namespace

void describe(Fields& f, ProcessConfig& c) {
  f("command", c.command, "program to start, through /bin/sh: \"python3 my_env.py\"");
  f("timeout_s", c.timeout_s, "longest time from a question to the end of its answer, seconds", {0.1});
}

ProcessEnv::ProcessEnv(ProcessConfig config) : config_(std::move(config)) {
  if (config_.command.empty())
    fail<ConfigError>("process: expected a program to start: key world.process.command, \"python3 my_env.py\"");
  child_ = std::make_unique<ChildProcess>(config_.command, config_.timeout_s);
  const json spec = child_->ask({{"do", "spec"}});
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
  solved_ = solved_of(answer, config_.command);
  distance_ = distance_of(answer, config_.command);
  return solved_;
}

void ProcessEnv::set_state(std::span<const double> state) {
  const json answer = child_->ask({{"do", "set_state"}, {"state", std::vector<double>(state.begin(), state.end())}});
  state_ = numbers(answer, "state", config_.command);
  solved_ = solved_of(answer, config_.command);
  distance_ = distance_of(answer, config_.command);
}

void ProcessEnv::set_goal(std::span<const double> goal) {
  goal_.assign(goal.begin(), goal.end());
  const json answer = child_->ask({{"do", "set_goal"}, {"goal", goal_}});
  solved_ = solved_of(answer, config_.command);
  distance_ = distance_of(answer, config_.command);
}

Tensor ProcessEnv::picture(const char* what, int64_t size) const {
  FORESEE_CHECK(size > 0, "expected a positive picture size, got {}", size);
  const json answer = child_->ask({{"do", what}, {"size", size}});
  if (!answer.contains("bytes") || !answer["bytes"].is_number_integer())
    unexpected(config_.command, "bytes", "a number of bytes", answer);
  const auto bytes = answer["bytes"].get<int64_t>();
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
