#include "planner/arm_space.h"

#include <algorithm>
#include <limits>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

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

ActionSpace arm_space(const ArmCemConfig& c, const ActionSpec& limits) {
  constexpr int64_t kGripper = 3;  // of the searched numbers
  constexpr double kNone = std::numeric_limits<double>::infinity();
  const auto lowest = [&](int64_t number) {
    return limits.low.empty() ? -kNone : limits.low.at(static_cast<size_t>(number));
  };
  const auto highest = [&](int64_t number) {
    return limits.high.empty() ? kNone : limits.high.at(static_cast<size_t>(number));
  };
  ActionSpace space;
  space.size = kArmAction;
  space.searched = {0, 1, 2, 6};
  for (int64_t number = 0; number < kArmAction; ++number)
    space.others.push_back(std::clamp(0.0, lowest(number), highest(number)));
  const double reach[] = {c.maxnorm, c.maxnorm, c.maxnorm, c.gripper_limit};
  std::vector<double> low, high;  // limits win where they and the box have nothing in common
  for (size_t i = 0; i < space.searched.size(); ++i) {
    const int64_t number = space.searched[i];
    low.push_back(std::clamp(-reach[i], lowest(number), highest(number)));
    high.push_back(std::clamp(reach[i], lowest(number), highest(number)));
  }
  space.low = torch::tensor(low, at::kFloat);
  space.high = torch::tensor(high, at::kFloat);
  space.pinned = {c.pin_x, c.pin_y, c.pin_z, c.pin_gripper};
  constexpr const char* kPins[] = {"pin_x", "pin_y", "pin_z", "pin_gripper"};
  for (size_t i = 0; i < space.pinned.size(); ++i) {
    const int64_t number = space.searched[i];
    if (space.pinned[i] && (*space.pinned[i] < lowest(number) || *space.pinned[i] > highest(number)))
      fail<ConfigError>("arm.{}: {} lies outside the limits of the model's actions, [{}, {}]", kPins[i],
                        *space.pinned[i], lowest(number), highest(number));
  }
  if (c.close_gripper)
    space.held =
        HeldNumber{kGripper, *c.close_gripper, std::clamp(1.0, lowest(kArmAction - 1), highest(kArmAction - 1))};
  space.dead_band = {0, 0, 0, c.gripper_deadband};
  space.first_std = {c.maxnorm, c.maxnorm, c.maxnorm, 1.0};
  return space;
}

CemOptions arm_options(const ArmCemConfig& c) {
  const auto momentum = [](double translation, double gripper) {
    return std::vector<double>{translation, translation, translation, gripper};
  };
  return {.name = "arm_cem",
          .momentum = {.mean = momentum(c.momentum_mean, c.momentum_mean_gripper),
                       .std = momentum(c.momentum_std, c.momentum_std_gripper)},
          .mean_first = false};
}

}  // namespace foresee::planner
