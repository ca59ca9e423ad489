#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "jepa/core/action/action_spec.h"
#include "jepa/core/config.h"
#include "jepa/core/tensor.h"

namespace foresee::planner {

/// How the size of an action is measured where it has a largest one.
enum class BallNorm { kNone, kL1, kL2 };
inline constexpr std::pair<BallNorm, std::string_view> kBallNorms[] = {
    {BallNorm::kNone, "none"}, {BallNorm::kL1, "l1"}, {BallNorm::kL2, "l2"}};

/// The largest size of every single action, the robot's units.
struct BallConfig {
  BallNorm norm = BallNorm::kNone;
  double radius = 1;
};
void describe(Fields& fields, BallConfig& config);

/// A ball around the action of zeros: sum |a_i| <= radius, or sum a_i^2 <= radius^2, the robot's units. What is
/// searched are normalised numbers; they go there, and back.
struct ActionBall {
  BallNorm norm = BallNorm::kL2;
  double radius = 1;
  Tensor mean, std;  // double [A], those of ActionSpec

  /// The same on another device.
  ActionBall to(at::Device device) const;
  /// Moves every action to the nearest one inside: of the L2 ball by shortening it, of the L1 ball by Duchi et al. 2008
  /// (figure 1). Near is meant in the robot's units. Descent steps are of normalised numbers: where their deviations
  /// differ, a descent along the border ends beside its cheapest point. @param numbers  [..., n * A], normalised;
  /// changed.
  void project(const Tensor& numbers) const;
  /// The same for actions in the robot's units. @param actions  [..., A]. @returns the same shape.
  Tensor nearest(const Tensor& actions) const;
};

/// The ball of a config, none for `none`. @throws ConfigError where the limits of the actions exclude the zeros: then
/// limits and ball might have nothing in common; for actions of categories.
std::optional<ActionBall> action_ball(const BallConfig& config, const ActionSpec& actions);

}  // namespace foresee::planner
