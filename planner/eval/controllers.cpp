#include "planner/eval/controllers.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/control/model_cost.h"

namespace foresee::planner {
namespace {

using Clock = std::chrono::steady_clock;

/// Actions from a receding-horizon search whose cost a subclass knows.
class SearchController : public Controller {
 public:
  SearchController(const Worlds& worlds, const MpcConfig& config, const ActionSpec& actions, uint64_t seed,
                   int64_t first)
      : worlds_(worlds), mpc_(config, actions, seed, static_cast<int64_t>(worlds.size()), first) {}

  std::vector<Decision> act(std::span<const int64_t> active) override {
    look(active);
    std::vector<int64_t> due;
    std::copy_if(active.begin(), active.end(), std::back_inserter(due), [&](int64_t w) { return mpc_.due(w); });
    double planning_ms = 0;
    if (!due.empty()) {
      const auto begin = Clock::now();
      search(due);
      planning_ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
      planning_ms /= static_cast<double>(due.size());
    }
    std::vector<Decision> decisions;
    for (const int64_t world : active) {
      Decision decision{mpc_.next_action(world), std::nullopt};
      if (std::binary_search(due.begin(), due.end(), world)) decision.planning_ms = planning_ms;
      acted(world, decision.action);
      decisions.push_back(std::move(decision));
    }
    return decisions;
  }

 protected:
  virtual void look(std::span<const int64_t> active) { (void)active; }
  virtual void search(std::span<const int64_t> due) = 0;
  virtual void acted(int64_t world, const std::vector<double>& action) { (void)world, (void)action; }

  const Env& world(int64_t index) const { return *worlds_[static_cast<size_t>(index)]; }

  const Worlds& worlds_;
  Mpc mpc_;
};

class ModelController final : public SearchController {
 public:
  ModelController(const Worlds& worlds, const WorldModel& model, const MpcConfig& config, int64_t history,
                  uint64_t seed, int64_t first, ModelMode mode, double gain, std::span<const Start> recorded)
      : SearchController(worlds, config, model.action_spec(), seed, first),
        model_(model),
        horizon_(config.planner.search.horizon),
        history_(history),
        size_(model.preprocess().size),
        mode_(mode),
        gain_(gain),
        frames_(worlds.size()),
        actions_(worlds.size()),
        states_(worlds.size()) {
    for (const auto& world : worlds) {
      const size_t start = static_cast<size_t>(first) + goals_.size();
      const bool known = start < recorded.size() && recorded[start].picture.defined();
      first_.push_back(known ? recorded[start].picture : Tensor());
      goals_.push_back(known ? recorded[start].goal_picture : world->render_goal(size_));
      if (model.proprioception() == 0) continue;
      const auto there = world->clone();
      there->set_state(world->goal());
      goal_states_.push_back(proprioception(*there));
    }
  }

 protected:
  // Frames of a history lie one block apart, and plans begin at whole blocks: no other frame is ever needed.
  void look(std::span<const int64_t> active) override {
    if (step_++ % model_.action_spec().block != 0) return;
    const bool at_start = step_ == 1;
    at::parallel_for(0, static_cast<int64_t>(active.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        auto& seen = frames_[static_cast<size_t>(active[static_cast<size_t>(i)])];
        if (static_cast<int64_t>(seen.size()) == history_) seen.erase(seen.begin());
        const Tensor& known = first_[static_cast<size_t>(active[static_cast<size_t>(i)])];
        seen.push_back(at_start && known.defined() ? known : world(active[static_cast<size_t>(i)]).render(size_));
        if (goal_states_.empty()) continue;
        auto& felt = states_[static_cast<size_t>(active[static_cast<size_t>(i)])];
        if (static_cast<int64_t>(felt.size()) == history_) felt.erase(felt.begin());
        felt.push_back(proprioception(world(active[static_cast<size_t>(i)])));
      }
    });
  }

  void search(std::span<const int64_t> due) override {
    const ActionSpec& spec = model_.action_spec();
    std::vector<Tensor> frames, goals, actions, states, goal_states;
    for (const int64_t index : due) {
      const auto& seen = frames_[static_cast<size_t>(index)];
      frames.push_back(at::stack(seen));
      goals.push_back(goals_[static_cast<size_t>(index)]);
      if (!goal_states_.empty()) {
        states.push_back(at::stack(states_[static_cast<size_t>(index)]));
        goal_states.push_back(goal_states_[static_cast<size_t>(index)]);
      }
      const auto steps = (static_cast<int64_t>(seen.size()) - 1) * spec.block;
      const auto& done = actions_[static_cast<size_t>(index)];
      const std::vector<double> last(done.end() - steps * spec.size, done.end());
      actions.push_back(torch::tensor(last, at::kFloat).reshape({steps, spec.size}));
    }
    Observation observation;
    observation.frames = at::stack(frames);
    if (observation.frames.size(1) > 1) observation.actions = at::stack(actions);
    if (!states.empty()) observation.state = at::stack(states);
    const ModelCost here =
        model_cost(model_, observation, at::stack(goals), goal_states.empty() ? Tensor() : at::stack(goal_states));
    if (mode_ == ModelMode::kProposal)
      mpc_.follow(due, here.propose(1) * gain_);
    else
      mpc_.plan(due, here.cost, here.device,
                mode_ == ModelMode::kWarmSearch ? here.propose(horizon_) * gain_ : Tensor());
  }

  void acted(int64_t world, const std::vector<double>& action) override {
    auto& done = actions_[static_cast<size_t>(world)];
    done.insert(done.end(), action.begin(), action.end());
  }

 private:
  /// The robot's own state, as recorded episodes call it. @returns float [S].
  Tensor proprioception(const Env& env) const {
    for (const auto& [name, values] : env.columns())
      if (name == "proprio" && static_cast<int64_t>(values.size()) == model_.proprioception())
        return torch::tensor(values, at::kFloat);
    fail("eval: the model takes {} numbers of the robot's own state, the environment has no column 'proprio' like that",
         model_.proprioception());
  }

  const WorldModel& model_;
  int64_t horizon_, history_, size_, step_ = 0;
  ModelMode mode_;
  double gain_;
  std::vector<Tensor> first_;                 // recorded first pictures of each world; undefined: rendered
  std::vector<Tensor> goals_, goal_states_;   // uint8 [3, S, S] and float [S] each; states where the model takes them
  std::vector<std::vector<Tensor>> frames_;   // of each world, oldest first, at most history_
  std::vector<std::vector<double>> actions_;  // of each world, one after the other
  std::vector<std::vector<Tensor>> states_;   // of each world, as frames_; where the model takes them
};

class OracleController final : public SearchController {
 public:
  OracleController(const Worlds& worlds, const MpcConfig& config, const ActionSpec& actions, uint64_t seed,
                   int64_t first)
      : SearchController(worlds, config, actions, seed, first), actions_(actions) {}

 protected:
  void search(std::span<const int64_t> due) override {
    std::vector<const Env*> here;
    for (const int64_t index : due) here.push_back(&world(index));
    mpc_.plan(due, simulator_cost(here, actions_));
  }

 private:
  ActionSpec actions_;
};

class PolicyController final : public Controller {
 public:
  PolicyController(const Worlds& worlds, const std::string& env, const std::string& policy, uint64_t seed,
                   int64_t first)
      : worlds_(worlds) {
    for (size_t i = 0; i < worlds.size(); ++i) {
      policies_.push_back(make_policy(env, policy));
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

ControllerFactory policy_controller(const std::string& env, const std::string& policy, uint64_t seed) {
  return [=](const Worlds& worlds, int64_t first) {
    return std::make_unique<PolicyController>(worlds, env, policy, seed, first);
  };
}

ControllerFactory model_controller(const WorldModel& model, const MpcConfig& config, int64_t history, uint64_t seed,
                                   ModelMode mode, double gain, std::span<const Start> recorded) {
  return [=, &model](const Worlds& worlds, int64_t first) {
    return std::make_unique<ModelController>(worlds, model, config, history, seed, first, mode, gain, recorded);
  };
}

ControllerFactory oracle_controller(const MpcConfig& config, int64_t block, uint64_t seed) {
  return [=](const Worlds& worlds, int64_t first) {
    return std::make_unique<OracleController>(worlds, config, bounded_actions(*worlds.front(), block), seed, first);
  };
}

}  // namespace foresee::planner
