#pragma once

#include <torch/types.h>

#include <memory>
#include <vector>

#include "jepa/core/error.h"
#include "jepa/model/world_model.h"

namespace foresee::planner {

/// A world model of Two-Room without weights: it finds the red dot in a picture and knows that an action moves it by
/// five pixels; of the wall it knows nothing. With `blind` it finds all plans equally good.
class PictureModel : public WorldModel {
 public:
  explicit PictureModel(bool blind = false) : blind_(blind) {
    actions_ = {.size = 2, .block = 5, .low = {-1, -1}, .high = {1, 1}, .mean = {0, 0}, .std = {0.5, 0.5}};
    preprocess_.size = 56;
  }

  const ActionSpec& action_spec() const override { return actions_; }
  const Preprocess& preprocess() const override { return preprocess_; }

  std::unique_ptr<Context> encode(const Observation& observation) const override {
    seen.push_back(observation);
    return std::make_unique<Place>(dot(observation.frames.select(1, -1)));
  }
  Tensor encode_goal(const Goal& goal) const override { return dot(goal.pictures); }

  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions, Objective) const override {
    if (blind_) return at::zeros({actions.size(0), actions.size(1)});
    const Tensor last = rollout(context, actions).select(2, -1);
    return (last - goal.unsqueeze(1)).square().sum(-1);
  }
  Tensor rollout(const Context& context, const Tensor& actions) const override {
    const Tensor steps = actions_.to_environment(actions).clamp(-1, 1) * 5;  // [B, K, H * block, 2]
    const Tensor moves = steps.unflatten(2, {actions.size(2), actions_.block}).sum(3);
    return dynamic_cast<const Place&>(context).position.unsqueeze(1).unsqueeze(1) + moves.cumsum(2);
  }

  /// Where the dot is: the red-weighted mean pixel, in pixels of 224. @param frames  uint8 [B, 3, S, S]. @returns [B,
  /// 2].
  static Tensor dot(const Tensor& frames) {
    const Tensor pixels = frames.to(at::kFloat), red = (pixels.select(1, 0) - pixels.select(1, 1)).clamp_min(0);
    const int64_t size = frames.size(-1);
    const Tensor at_pixel = (at::arange(size, at::kFloat) + 0.5) * 224.0 / size - 0.5;
    const Tensor total = red.sum({1, 2});
    return at::stack({(red.sum(1) * at_pixel).sum(1) / total, (red.sum(2) * at_pixel).sum(1) / total}, 1);
  }

  mutable std::vector<Observation> seen;  // every observation that was encoded

 private:
  struct Place final : Context {
    explicit Place(Tensor p) : position(std::move(p)) {}
    int64_t batch() const override { return position.size(0); }
    std::unique_ptr<Context> rows(const Tensor& index) const override {
      return std::make_unique<Place>(position.index_select(0, index));
    }
    Tensor position;  // float [B, 2]
  };

  bool blind_;
  ActionSpec actions_;
  Preprocess preprocess_;
};

}  // namespace foresee::planner
