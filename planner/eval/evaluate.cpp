#include "planner/eval/evaluate.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/interrupt.h"
#include "jepa/core/progress.h"
#include "planner/eval/controllers.h"

namespace foresee::planner {
namespace {

const std::vector<std::string> kMethods{"planner", "random", "noop", "expert", "oracle"};

MethodResult run_method(const std::string& method, const EvalConfig& config, uint64_t seed, const WorldModel* model,
                        const Env& world, const std::vector<Start>& starts) {
  Progress bar(method, static_cast<int64_t>(starts.size()), "episodes");
  RunOptions options{.budget = config.step_budget()};
  options.progress = [&](int64_t done, int64_t successes) { bar.update(done, fmt::format("{} succeeded", successes)); };
  ControllerFactory controller;
  if (method == "planner") {
    controller = model_controller(*model, config.planner, config.history, seed);
    options.group = config.batch;
  } else {
    controller = method == "oracle" ? oracle_controller(config.oracle, config.oracle_block, seed)
                                    : policy_controller(config.env, method, seed);
    options.parallel_groups = true;
  }
  MethodResult result{.method = method};
  result.episodes = run_episodes(world, starts, controller, options);
  bar.finish();
  const auto successes =
      std::count_if(result.episodes.begin(), result.episodes.end(), [](const Episode& e) { return e.success; });
  result.success = success_rate(successes, static_cast<int64_t>(result.episodes.size()));
  return result;
}

}  // namespace

void EvalConfig::validate() const {
  planner.validate();
  oracle.validate();
  if (methods.empty()) fail<ConfigError>("eval: no method to evaluate{}", suggestion("", kMethods));
  for (const auto& method : methods) {
    if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end())
      fail<ConfigError>("eval: unknown method '{}'{}", method, suggestion(method, kMethods));
    if (std::count(methods.begin(), methods.end(), method) > 1)
      fail<ConfigError>("eval: method '{}' is listed twice", method);
  }
}

int64_t EvalConfig::step_budget() const { return budget.value_or(protocol == "far" ? 100 : 50); }

void describe(Fields& f, EvalConfig& c) {
  static constexpr std::string_view kEnvs[] = {"two_room"}, kProtocols[] = {"near", "far"};
  f.choice("env", c.env, kEnvs, "environment");
  f.choice("protocol", c.protocol, kProtocols,
           "near: goal goal_offset steps ahead on a held-out expert episode; "
           "far: start and goal in opposite rooms");
  f("episodes", c.episodes, "starts that are not solved already", {1});
  f("methods", c.methods, "planner, random, noop, expert, oracle");
  f("goal_offset", c.goal_offset, "steps from start to goal (protocol near)", {1});
  f("budget", c.budget, "environment steps an episode; by default near 50, far 100", {1});
  f("history", c.history, "context frames, one action block apart", {1});
  f("batch", c.batch, "environments whose plans are searched together", {1});
  f("planner", c.planner, "the search on the world model");
  f("oracle_block", c.oracle_block, "environment steps an action block of the oracle", {1});
  f("oracle", c.oracle, "the search on the true simulator");
}

const MethodResult* EvalResult::find(const std::string& method) const {
  const auto found =
      std::find_if(methods.begin(), methods.end(), [&](const MethodResult& m) { return m.method == method; });
  return found == methods.end() ? nullptr : &*found;
}

EvalResult evaluate(const EvalConfig& config, uint64_t seed, const WorldModel* model) {
  config.validate();
  const auto world = make_env(config.env);
  if (std::find(config.methods.begin(), config.methods.end(), "planner") != config.methods.end()) {
    if (model == nullptr) fail("eval: method planner needs a model (--model DIR)");
    const int64_t wanted = world->action_spec().size, got = model->action_spec().size;
    if (wanted != got) fail("eval: {} takes actions of {} numbers, the model plans {}", config.env, wanted, got);
  }

  EvalResult result{.env = config.env, .protocol = config.protocol, .seed = seed};
  result.starts = config.protocol == "near" ? near_starts(config.env, seed, config.episodes, config.goal_offset)
                                            : far_starts(config.env, seed, config.episodes);
  for (const auto& method : config.methods) {
    if (interrupted()) break;
    result.methods.push_back(run_method(method, config, seed, model, *world, result.starts.starts));
  }
  result.interrupted = interrupted();

  std::vector<double> times;
  if (const auto* planner = result.find("planner"))
    for (const auto& episode : planner->episodes)
      times.insert(times.end(), episode.planning_ms.begin(), episode.planning_ms.end());
  if (!times.empty()) result.planning = PlanningTime{quantile(times, 0.5), quantile(times, 0.95)};
  return result;
}

}  // namespace foresee::planner
