#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <type_traits>
#include <utility>

#include "jepa/core/tensor.h"
#include "jepa/model/world_model.h"

namespace foresee::tools {

/// A world model that takes the time of what is asked of it, and counts what it rolls out. A late search asks from
/// another thread.
class TimedModel final : public WorldModel {
 public:
  /// @param model  must outlive this one. @param flops  of one candidate with so many blocks
  /// behind a history of so many frames; empty: not counted.
  explicit TimedModel(const WorldModel& model, std::function<double(int64_t history, int64_t horizon)> flops = {})
      : model_(model), flops_of_(std::move(flops)) {}

  const ActionSpec& action_spec() const override { return model_.action_spec(); }
  const Preprocess& preprocess() const override { return model_.preprocess(); }
  StateSpec state_spec() const override { return model_.state_spec(); }
  int64_t history() const override { return model_.history(); }
  std::unique_ptr<Context> encode(const Observation& seen) const override {
    frames_ = seen.frames.size(1);
    return timed([&] { return model_.encode(seen); });
  }
  Tensor encode_goal(const Goal& goal) const override {
    return timed([&] { return model_.encode_goal(goal); });
  }
  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions, Objective objective) const override {
    count(actions);
    return timed([&] { return model_.costs(context, goal, actions, objective); });
  }
  Tensor step_costs(const Context& context, const Tensor& goal, const Tensor& actions,
                    Objective objective) const override {
    count(actions);
    return timed([&] { return model_.step_costs(context, goal, actions, objective); });
  }
  Tensor rollout(const Context& context, const Tensor& actions) const override {
    return model_.rollout(context, actions);
  }
  Tensor states(const Context& context, const Tensor& actions) const override {
    return timed([&] { return model_.states(context, actions); });
  }
  std::vector<Objective> objectives() const override { return model_.objectives(); }
  bool proposes() const override { return model_.proposes(); }
  Tensor propose(const Context& context, const Tensor& goal, int64_t horizon) const override {
    return timed([&] { return model_.propose(context, goal, horizon); });
  }

  double ms() const { return static_cast<double>(ns_) * 1e-6; }
  int64_t blocks() const { return blocks_; }
  double flops() const { return static_cast<double>(mega_flops_) * 1e6; }

 private:
  using Clock = std::chrono::steady_clock;

  void count(const Tensor& actions) const {
    const int64_t plans = actions.size(0) * actions.size(1), horizon = actions.size(2);
    blocks_ += plans * horizon;
    if (flops_of_) mega_flops_ += static_cast<int64_t>(static_cast<double>(plans) * flops_of_(frames_, horizon) * 1e-6);
  }
  template <typename Work>
  std::invoke_result_t<Work> timed(const Work& work) const {
    const auto begin = Clock::now();
    auto result = work();
    ns_ += std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count();
    return result;
  }

  const WorldModel& model_;
  std::function<double(int64_t, int64_t)> flops_of_;
  mutable std::atomic<int64_t> ns_ = 0, blocks_ = 0, mega_flops_ = 0, frames_ = 1;  // frames: of the last history
};

}  // namespace foresee::tools
