#include "planner/arm_cem.h"

#include <array>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

constexpr int64_t kGripper = 3;  // of the searched components

/// [x, y, z, gripper] -> [x, y, z, 0, 0, 0, gripper].
Tensor whole_action(const Tensor& searched) {
  const Tensor translation = searched.narrow(-1, 0, kGripper);
  return at::cat({translation, at::zeros_like(translation), searched.narrow(-1, kGripper, 1)}, -1);
}

/// The inverse: rotations are left out.
Tensor searched_part(const Tensor& action) { return at::cat({action.narrow(-1, 0, 3), action.narrow(-1, 6, 1)}, -1); }

void pin(const Tensor& searched, const ArmCemConfig& c) {
  const std::array<std::optional<double>, kArmSearched> pins{c.pin_x, c.pin_y, c.pin_z, c.pin_gripper};
  for (int64_t i = 0; i < kArmSearched; ++i)
    if (pins[static_cast<size_t>(i)]) searched.select(-1, i).fill_(*pins[static_cast<size_t>(i)]);
}

/// What of the candidates is allowed. @param searched  [B, K, H, 4], changed.
void constrain(const Tensor& searched, const ArmCemConfig& c) {
  searched.narrow(-1, 0, kGripper).clamp_(-c.maxnorm, c.maxnorm);
  const Tensor gripper = searched.select(-1, kGripper);
  gripper.clamp_(-c.gripper_limit, c.gripper_limit);
  pin(searched, c);
  const int64_t horizon = searched.size(2);
  if (c.close_gripper && *c.close_gripper < horizon)
    gripper.narrow(2, *c.close_gripper, horizon - *c.close_gripper).fill_(1.0);
}

}  // namespace

void describe(Fields& f, ArmCemConfig& c) {
  f("momentum_mean", c.momentum_mean, "share of the old mean of x, y, z that is kept", {0, 1});
  f("momentum_std", c.momentum_std, "share of their old deviation that is kept", {0, 1});
  f("momentum_mean_gripper", c.momentum_mean_gripper, "share of the gripper's old mean that is kept", {0, 1});
  f("momentum_std_gripper", c.momentum_std_gripper, "share of its old deviation that is kept", {0, 1});
  f("maxnorm", c.maxnorm, "first deviation and largest size of a step along x, y, z, m", {0});
  f("gripper_limit", c.gripper_limit, "largest gripper movement of a candidate", {0});
  f("gripper_deadband", c.gripper_deadband, "smaller gripper movements of the result become 0", {0});
  f("close_gripper", c.close_gripper, "step from which the gripper closes; null: never", {0});
  f("pin_x", c.pin_x, "hold every step along x at this value, m; null: search it");
  f("pin_y", c.pin_y, "along y");
  f("pin_z", c.pin_z, "along z");
  f("pin_gripper", c.pin_gripper, "the gripper's movement");
}

SearchConfig arm_search() { return {.samples = 400, .iterations = 10, .elites = 10, .horizon = 2}; }

Plan arm_cem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const ArmCemConfig& arm) {
  if (config.elites < 2) fail<ConfigError>("arm_cem: expected at least 2 elites, got {}", config.elites);
  FORESEE_CHECK(request.init.defined() && request.init.dim() == 3 && request.init.size(1) == 0 &&
                    request.init.size(2) == kArmSearched,
                "expected init [B, 0, {}], got {}", kArmSearched,
                request.init.defined() ? foresee::describe(request.init) : "none");
  Search search(cost, request, config);
  pin(search.mean, arm);
  search.std.narrow(-1, 0, kGripper).fill_(arm.maxnorm);
  search.std.select(-1, kGripper).fill_(1.0);
  const auto momentum = [&](double translation, double gripper) {
    return torch::tensor({translation, translation, translation, gripper}, search.mean.options());
  };
  const Tensor keep_mean = momentum(arm.momentum_mean, arm.momentum_mean_gripper);
  const Tensor keep_std = momentum(arm.momentum_std, arm.momentum_std_gripper);
  Elites elites;
  for (int64_t i = 0; i < config.iterations; ++i) {
    const Tensor searched = search.noise(i) * search.std.unsqueeze(1) + search.mean.unsqueeze(1);
    constrain(searched, arm);
    elites = search.judge(whole_action(searched), config.elites);
    const auto [std, mean] = at::std_mean(searched_part(elites.actions), {1}, /*unbiased=*/true);
    search.mean = mean * (1 - keep_mean) + search.mean * keep_mean;
    search.std = std * (1 - keep_std) + search.std * keep_std;
    search.record(i);
  }
  const Tensor result = search.mean.clone(), gripper = result.select(-1, kGripper);
  gripper.masked_fill_(gripper.abs() < arm.gripper_deadband, 0.0);
  return search.finish(whole_action(result), elites.costs.mean(1));
}

}  // namespace foresee::planner
