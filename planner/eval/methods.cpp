#include "planner/eval/methods.h"

#include <ATen/Parallel.h>

#include <utility>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/control/controller.h"
#include "planner/env/search_policy.h"

namespace foresee::planner {
namespace {

std::vector<Decision> decisions_of(std::vector<ControlAction> actions) {
  std::vector<Decision> decisions;
  for (ControlAction& next : actions) {
    Decision& decision = decisions.emplace_back(Decision{std::move(next.action), std::nullopt});
    if (next.source != ActionSource::kQueue) decision.planning_ms = next.planning_ms;
  }
  return decisions;
}

class ModelMethod final : public Method {
 public:
  ModelMethod(const Envs& envs, const WorldModel& model, const ControlConfig& config, const ControlOptions& options,
              std::span<const Start> recorded, PlanWatch watch)
      : envs_(envs),
        size_(model.picture_spec().size),
        state_(model.state_spec()),
        watch_(std::move(watch)),
        core_(model, config, options) {
    for (size_t i = 0; i < envs.size(); ++i) {
      const Env& env = *envs[i];
      const size_t start = static_cast<size_t>(options.first) + i;
      const bool known = start < recorded.size() && recorded[start].picture.defined();
      first_.push_back(known ? recorded[start].picture : Tensor());
      std::vector<double> goal_state;
      if (state_.of_goal) {
        const auto there = env.clone();
        there->set_state(env.goal());
        goal_state = own_state(*there, state_);
      }
      core_.set_goal(static_cast<int64_t>(i), known ? recorded[start].goal_picture : env.render_goal(size_),
                     goal_state);
    }
  }

  std::vector<Decision> act(std::span<const int64_t> active) override {
    std::vector<Sight> seen(active.size());
    at::parallel_for(0, static_cast<int64_t>(active.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto env = static_cast<size_t>(active[static_cast<size_t>(i)]);
        if (core_.wants_picture(static_cast<int64_t>(env))) seen[static_cast<size_t>(i)] = look(env);
      }
    });
    std::vector<ControlAction> actions = core_.act(seen, active);
    for (size_t i = 0; watch_ && i < active.size(); ++i)
      if (actions[i].source == ActionSource::kSearch)
        watch_(static_cast<size_t>(active[i]), core_.last_plan(active[i]));
    return decisions_of(std::move(actions));
  }

 private:
  Sight look(size_t env) {
    Tensor known = std::exchange(first_[env], Tensor());
    return {.picture = known.defined() ? std::move(known) : envs_[env]->render(size_),
            .state = own_state(*envs_[env], state_)};
  }

  const Envs& envs_;
  int64_t size_;
  StateSpec state_;
  PlanWatch watch_;
  std::vector<Tensor> first_;  // recorded first pictures of each environment, until they are seen; undefined: rendered
  ControlCore core_;
};

class OracleMethod final : public Method {
 public:
  OracleMethod(const Envs& envs, const MpcConfig& config, const ActionSpec& actions, uint64_t seed, int64_t first)
      : envs_(envs), actions_(actions), mpc_(config, actions, seed, static_cast<int64_t>(envs.size()), first) {}

  std::vector<Decision> act(std::span<const int64_t> active) override {
    return decisions_of(mpc_.act(active, [this](std::span<const int64_t> due) { search(due); }));
  }

 private:
  void search(std::span<const int64_t> due) {
    std::vector<const Env*> here;
    for (const int64_t index : due) here.push_back(envs_[static_cast<size_t>(index)].get());
    mpc_.plan(due, simulator_cost(here, actions_));
  }

  const Envs& envs_;
  ActionSpec actions_;
  Mpc mpc_;
};

class PolicyMethod final : public Method {
 public:
  PolicyMethod(const Envs& envs, const Environment& environment, const std::string& policy, uint64_t seed,
               int64_t first)
      : envs_(envs) {
    for (size_t i = 0; i < envs.size(); ++i) {
      policies_.push_back(make_policy(environment, policy, /*noise=*/0, SearchPolicyConfig{}));
      draws_.emplace_back(Random(seed, Stream::kBaseline, static_cast<uint64_t>(first) + i));
    }
  }

  std::vector<Decision> act(std::span<const int64_t> active) override {
    std::vector<Decision> decisions;
    for (const int64_t index : active) {
      const auto i = static_cast<size_t>(index);
      decisions.push_back({policies_[i]->act(*envs_[i], draws_[i]), std::nullopt});
    }
    return decisions;
  }

 private:
  const Envs& envs_;
  std::vector<std::unique_ptr<Policy>> policies_;
  std::vector<RandomSequence> draws_;
};

}  // namespace

std::vector<double> own_state(const Env& env, const StateSpec& spec) {
  if (spec.size == 0) return {};
  for (const char* column : {"proprio", "state"})
    for (auto& [name, values] : env.columns())
      if (name == column && static_cast<int64_t>(values.size()) == spec.size) return values;
  fail(
      "eval: the model takes {} numbers of the robot's own state, the environment has no column 'proprio' or "
      "'state' like that",
      spec.size);
}

MethodFactory policy_method(const Environment& environment, const std::string& policy, uint64_t seed) {
  return [=, &environment](const Envs& envs, int64_t first) {
    return std::make_unique<PolicyMethod>(envs, environment, policy, seed, first);
  };
}

MethodFactory model_method(const WorldModel& model, const ControlConfig& config, uint64_t seed, bool search,
                           std::span<const Start> recorded, std::stop_token stop) {
  ControlOptions options{.search = search, .seed = seed};
  options.job.stop = std::move(stop);
  return watched_model_method(model, config, options, recorded, {});
}

MethodFactory watched_model_method(const WorldModel& model, const ControlConfig& config, const ControlOptions& options,
                                   std::span<const Start> recorded, PlanWatch watch) {
  return [=, &model](const Envs& envs, int64_t first) {
    ControlOptions group = options;
    group.problems = static_cast<int64_t>(envs.size());
    group.first = first;
    return std::make_unique<ModelMethod>(envs, model, config, group, recorded, watch);
  };
}

MethodFactory oracle_method(const MpcConfig& config, int64_t block, uint64_t seed) {
  return [=](const Envs& envs, int64_t first) {
    return std::make_unique<OracleMethod>(envs, config, bounded_actions(*envs.front(), block), seed, first);
  };
}

}  // namespace foresee::planner
