#include "planner/eval/controllers.h"

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
    if (next.planned) decision.planning_ms = next.planning_ms;
  }
  return decisions;
}

class ModelController final : public Controller {
 public:
  ModelController(const Worlds& worlds, const WorldModel& model, const ControlConfig& config,
                  const ControlOptions& options, std::span<const Start> recorded)
      : worlds_(worlds), size_(model.picture_spec().size), state_(model.state_spec()), core_(model, config, options) {
    for (size_t i = 0; i < worlds.size(); ++i) {
      const Env& world = *worlds[i];
      const size_t start = static_cast<size_t>(options.first) + i;
      const bool known = start < recorded.size() && recorded[start].picture.defined();
      first_.push_back(known ? recorded[start].picture : Tensor());
      std::vector<double> goal_state;
      if (state_.of_goal) {
        const auto there = world.clone();
        there->set_state(world.goal());
        goal_state = own_state(*there);
      }
      core_.set_goal(static_cast<int64_t>(i), known ? recorded[start].goal_picture : world.render_goal(size_),
                     goal_state);
    }
  }

  std::vector<Decision> act(std::span<const int64_t> active) override {
    std::vector<Sight> seen(active.size());
    at::parallel_for(0, static_cast<int64_t>(active.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto world = static_cast<size_t>(active[static_cast<size_t>(i)]);
        if (core_.wants_picture(static_cast<int64_t>(world))) seen[static_cast<size_t>(i)] = look(world);
      }
    });
    return decisions_of(core_.act(seen, active));
  }

 private:
  Sight look(size_t world) {
    Tensor known = std::exchange(first_[world], Tensor());
    return {.picture = known.defined() ? std::move(known) : worlds_[world]->render(size_),
            .state = own_state(*worlds_[world])};
  }

  /// The robot's own state, as recorded episodes call it.
  std::vector<double> own_state(const Env& env) const {
    if (state_.size == 0) return {};
    for (const char* column : {"proprio", "state"})
      for (auto& [name, values] : env.columns())
        if (name == column && static_cast<int64_t>(values.size()) == state_.size) return values;
    fail(
        "eval: the model takes {} numbers of the robot's own state, the environment has no column 'proprio' or "
        "'state' like that",
        state_.size);
  }

  const Worlds& worlds_;
  int64_t size_;
  StateSpec state_;
  std::vector<Tensor> first_;  // recorded first pictures of each world, until they are seen; undefined: rendered
  ControlCore core_;
};

class OracleController final : public Controller {
 public:
  OracleController(const Worlds& worlds, const MpcConfig& config, const ActionSpec& actions, uint64_t seed,
                   int64_t first)
      : worlds_(worlds), actions_(actions), mpc_(config, actions, seed, static_cast<int64_t>(worlds.size()), first) {}

  std::vector<Decision> act(std::span<const int64_t> active) override {
    return decisions_of(mpc_.act(active, [this](std::span<const int64_t> due) { search(due); }));
  }

 private:
  void search(std::span<const int64_t> due) {
    std::vector<const Env*> here;
    for (const int64_t index : due) here.push_back(worlds_[static_cast<size_t>(index)].get());
    mpc_.plan(due, simulator_cost(here, actions_));
  }

  const Worlds& worlds_;
  ActionSpec actions_;
  Mpc mpc_;
};

class PolicyController final : public Controller {
 public:
  PolicyController(const Worlds& worlds, const Environment& env, const std::string& policy, uint64_t seed,
                   int64_t first)
      : worlds_(worlds) {
    for (size_t i = 0; i < worlds.size(); ++i) {
      policies_.push_back(make_policy(env, policy, /*noise=*/0, SearchPolicyConfig{}));
      draws_.emplace_back(Random(seed, Stream::kBaseline, static_cast<uint64_t>(first) + i));
    }
  }

  std::vector<Decision> act(std::span<const int64_t> active) override {
    std::vector<Decision> decisions;
    for (const int64_t index : active) {
      const auto i = static_cast<size_t>(index);
      decisions.push_back({policies_[i]->act(*worlds_[i], draws_[i]), std::nullopt});
    }
    return decisions;
  }

 private:
  const Worlds& worlds_;
  std::vector<std::unique_ptr<Policy>> policies_;
  std::vector<RandomSequence> draws_;
};

}  // namespace

ControllerFactory policy_controller(const Environment& env, const std::string& policy, uint64_t seed) {
  return [=, &env](const Worlds& worlds, int64_t first) {
    return std::make_unique<PolicyController>(worlds, env, policy, seed, first);
  };
}

ControllerFactory model_controller(const WorldModel& model, const ControlConfig& config, uint64_t seed, bool search,
                                   std::span<const Start> recorded) {
  ControlOptions options{.objective = objective_of(model, config.objective), .search = search, .seed = seed};
  return [=, &model](const Worlds& worlds, int64_t first) {
    ControlOptions group = options;
    group.problems = static_cast<int64_t>(worlds.size());
    group.first = first;
    return std::make_unique<ModelController>(worlds, model, config, group, recorded);
  };
}

ControllerFactory oracle_controller(const MpcConfig& config, int64_t block, uint64_t seed) {
  return [=](const Worlds& worlds, int64_t first) {
    return std::make_unique<OracleController>(worlds, config, bounded_actions(*worlds.front(), block), seed, first);
  };
}

}  // namespace foresee::planner
